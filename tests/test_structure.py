"""The house: no import climbs, jax and matplotlib stay out, files stay short."""

from __future__ import annotations

import ast
import importlib
import io
import itertools
import subprocess
import sys
import tokenize
import traceback
from pathlib import Path

import numpy as np
import pytest

import chainrule

ROOT = Path(chainrule.__file__).parent

# A file imports only from lower floors, or from its own folder's base.py. The parts of one floor
# have an order too (layers are made of initializers), which the decimals say.
FLOORS = {
    "version": 0, "process": 0, "aliases": 0, "dialect": 0, "terminal": 0,
    "errors": 0, "config": 0.1, "arrays": 0.2, "registry": 0.1, "rng": 0.3, "labels": 0.3,
    "tree": 0.1, "shapes": 0.2, "files": 0.1, "checks": 0.1, "finite": 0.1,
    "svg": 0.2,
    "operators": 1, "live": 1.02, "symbol": 1.05, "chain": 1.1, "apart": 1.2, "derivatives": 1.2,
    "variable": 1.2, "gradcheck": 1.2,
    "words": 0, "synonyms": 0, "arguments": 0, "vocabulary": 0.05, "calls": 0.05,
    "ops": 2,
    "tables": 2.9,
    "storage": 3, "initializers": 3, "regularizers": 3, "constraints": 3, "schedules": 3, "losses": 3, "data": 3,
    "metrics": 3.1, "optimizers": 3.1, "layers": 3.1,
    "summary": 3.2, "drawing": 3.3, "utils": 3.4,
    "backend": 3.3, "random": 3.2, "serialization": 3.8,
    "saving": 3.9, "training": 4,
    "models": 5, "applications": 5.1, "graph": 5.15, "course": 5.2, "experiments": 5.3,
    "tabular": 5.35, "evaluation": 5.4,
    "plots": 6, "explanation": 6.05, "quizzes": 6.06, "exercises": 6.07,
    "figures": 6.08, "report": 6.1, "workflow": 6.2,
    "cli": 7, "__main__": 7.2,
    # public names: they only re-export
    "activations": 2.1, "callbacks": 4.1, "datasets": 3.1, "__init__": 8,
}  # fmt: skip

# folders of parts: a file that is not named in INSIDE stands beside its like, above those named
PARTS = ("ops", "layers", "losses", "metrics", "optimizers", "training/callbacks")

# order inside a folder; its own base.py is the lowest
INSIDE = {
    "ops": [
        "base",
        "elementwise",
        "shapes",
        "activations",
        "reduce",
        "products",
        "probability",
        "windows",
        "conv_windows",
        "conv_forms",
        "loop",
        "division",
        "creation",
        "order",
        "tensor",
        "comparing",
        "pieces",
        "statistics",
        "linalg",
        "convolve",
        "warping",
        "resizing",
        "filters",
        "mapping",
        "patches",
        "__init__",
    ],
    "training": [
        "check",
        "step",
        "objective",
        "task",
        "jax_setup",
        "devices",
        "engines",
        "callbacks",
        "progress",
        "pace",
        "state",
        "checkpoint",
        "loop",
        "compiled",
        "__init__",
    ],
    "training/callbacks": ["base", "history", "functions", "monitor", "saving", "__init__"],
    "training/engines": ["interrupts", "base", "eager", "xla", "choose", "__init__"],
    "tables": [
        "frame",
        "values",
        "scales",
        "rules",
        "target",
        "shown",
        "roles",
        "split",
        "ranks",
        "leaks",
        "series",
        "formats",
        "arrow",
        "numbers",
        "fixed",
        "dates",
        "judge",
        "layout",
        "bytes",
        "dialects",
        "convert",
        "found",
        "rownumbers",
        "csvs",
        "typed",
        "excel",
        "doors",
        "passes",
        "reading",
        "values",
        "scales",
        "rules",
        "target",
        "shown",
        "roles",
        "split",
        "__init__",
    ],
    "data": [
        "batches",
        "idx",
        "cells",
        "tables",
        "schema",
        "synthetic",
        "digits",
        "iris",
        "mnist",
        "catalog",
        "sources",
        "doors",
        "mixing",
        "encoded",
        "__init__",
    ],
    "data/sources": ["prefetch", "base", "memory", "blocks", "streams", "choose", "__init__"],
    "tabular": [
        "problem",
        "settings",
        "design",
        "newton",
        "solvers",
        "lasso",
        "network",
        "bag",
        "linear",
        "recipe",
        "__init__",
    ],
    "layers": [
        "tracking",
        "signature",
        "context",
        "masks",
        "state",
        "explicit",
        "base",
        "input",
        "core",
        "dense",
        "dropout",
        "embedding",
        "attention",
        "spatial",
        "convolution",
        "cells",
        "recurrent",
        "normalization",
        "transformer",
        "preprocessing",
        "preparing",
        "text",
        "augmentation",
        "colors",
        "images",
        "host",
        "__init__",
    ],
    "layers/images": [
        "recipe",
        "histograms",
        "sharpness",
        "hues",
        "warps",
        "mixing",
        "policies",
        "__init__",
    ],
    "layers/host": [
        "columns",
        "dates_texts",
        "table_encoder",
        "hashes",
        "encoding",
        "lookup",
        "hashing",
        "discretization",
        "feature_space",
        "__init__",
    ],
    "drawing": [
        "layered",
        "facts",
        "base",
        "blocks",
        "neurons",
        "volumes",
        "network",
        "nodes",
        "places",
        "worked",
        "dense",
        "calls",
        "tapegraph",
        "tangent",
        "neuron",
        "lstm",
        "bars",
        "__init__",
    ],
    "losses": ["shapes", "base", "regression", "classification", "__init__"],
    "metrics": [
        "base",
        "accuracy",
        "confusion",
        "probabilistic",
        "regression",
        "names",
        "__init__",
    ],
    "optimizers": ["arithmetic", "rate", "base", "sgd", "adaptive", "__init__"],
    "models": [
        "compiled",
        "edge",
        "feed",
        "trace",
        "ready",
        "quick",
        "task",
        "base",
        "graph_config",
        "graph",
        "sequential",
        "generation",
        "classic",
        "clones",
        "__init__",
    ],
    "models/classic": [
        "base",
        "threshold",
        "separable",
        "descent",
        "perceptron",
        "adaline",
        "linear",
        "logistic",
        "mcculloch_pitts",
        "collapse",
        "kmeans",
        "__init__",
    ],
    "explanation": [
        "digits",
        "formula",
        "steps",
        "notation",
        "recording",
        "context",
        "lossparts",
        "layers",
        "build",
        "rules",
        "update",
        "exact",
        "weight",
        "why",
        "forms",
        "fitting",
        "explained",
        "decks",
        "__init__",
    ],
    "explanation/layers": [
        "curves",
        "generic",
        "units",
        "dense",
        "shown",
        "convolution",
        "pooling",
        "recurrence",
        "gates",
        "attention",
        "norms",
        "others",
        "__init__",
    ],
    "explanation/forms": [
        "blanks",
        "text",
        "base",
        "symbols",
        "mathml",
        "latex",
        "languages",
        "cards",
        "scene",
        "html",
        "worksheet",
        "json_form",
        "markdown",
        "__init__",
    ],
    "quizzes": [
        "rounding",
        "sheet",
        "working",
        "slips",
        "words",
        "checking",
        "asking",
        "draws",
        "quiz",
        "pages",
        "tables",
        "classes",
        "__init__",
    ],
    "applications": ["base", "alexnet", "lenet5", "small_cnn", "transformer", "__init__"],
    "course": [
        "text",
        "printed",
        "names",
        "example",
        "gates",
        "deck_001",
        "deck_002",
        "deck_004",
        "examples",
        "as_printed",
        "errata_pairs",
        "errata_000",
        "errata_001",
        "errata_002",
        "errata_004",
        "errata",
        "small",
        "lessons",
        "contents",
        "show",
        "__init__",
    ],
    "figures": [
        "painter",
        "paper",
        "walks",
        "curves",
        "descent",
        "surfaces",
        "planes",
        "fits",
        "units",
        "images",
        "sequences",
        "networks",
        "table",
        "__init__",
    ],
    "experiments": [
        "results",
        "networks",
        "rates",
        "measuring",
        "sweeping",
        "growing",
        "__init__",
    ],
    "evaluation": [
        "wording",
        "resampling",
        "checked",
        "ranking",
        "scores",
        "verdict",
        "decisions",
        "influence",
        "mistakes",
        "compare",
        "__init__",
    ],
    "plots": ["base", "curves", "classes", "plane", "values", "experiments", "lines", "__init__"],
    "exercises": [
        "child",
        "scan",
        "run",
        "judge",
        "template",
        "base",
        "solutions",
        "tasks",
        "catalog",
        "grading",
        "marks",
        "__init__",
    ],
    "exercises/solutions": [
        "and_gate",
        "or_gate",
        "derivatives",
        "chain_rule",
        "perceptron_rule",
        "gradient_descent",
        "find_the_rate",
        "backpropagation",
        "neural_network",
        "softmax_cross_entropy",
        "convolution",
        "mnist_from_scratch",
        "run_learn_repeat",
        "__init__",
    ],
    "exercises/tasks": [
        "gates",
        "derivatives",
        "chain_rule",
        "perceptron_rule",
        "gradient_descent",
        "find_the_rate",
        "backpropagation",
        "neural_network",
        "softmax_cross_entropy",
        "convolution",
        "mnist_from_scratch",
        "run_learn_repeat",
        "__init__",
    ],
    "graph": [
        "kinds",
        "nodes",
        "making",
        "computing",
        "placeholders",
        "variables",
        "random",
        "gradient",
        "groups",
        "elementwise",
        "arranging",
        "operations",
        "nn",
        "math",
        "train",
        "keras_losses",
        "keras_optimizers",
        "keras",
        "worked",
        "picture",
        "session",
        "__init__",
    ],
    "report": ["folder", "pictures", "page", "__init__"],
    "report/page": [
        "charts",
        "findings",
        "pieces",
        "private",
        "about_data",
        "about_answers",
        "about_columns",
        "about_model",
        "page",
        "compare_page",
        "__init__",
    ],
    "workflow": [
        "recipes",
        "architectures",
        "settings",
        "results",
        "run",
        "prepare",
        "resume",
        "interrupt",
        "table_options",
        "table_seen",
        "table_series",
        "table_data",
        "table_progress",
        "table_large",
        "table_split",
        "table_network",
        "table_fit",
        "table_figures",
        "table_run",
        "table_answers",
        "table_stream",
        "table_judge",
        "replay_checks",
        "findings",
        "table_held_out",
        "table_plan",
        "plan",
        "replay",
        "comparing",
        "search_space",
        "search_picture",
        "searched",
        "searching",
        "__init__",
    ],
    "cli": [
        "command",
        "output",
        "train_options",
        "signals",
        "train",
        "search",
        "use_table",
        "use_model",
        "report",
        "replay",
        "compare",
        "explain",
        "quiz",
        "list_datasets",
        "doctor",
        "course",
        "plot",
        "experiment",
        "exercise",
        "parser",
        "entry",
        "__init__",
    ],
}

FILES = sorted(p for p in ROOT.rglob("*.py"))


def place(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


def imports(path: Path):
    """(line, module path inside the package) of every import, also those inside functions."""
    here = place(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {  # what only a type checker reads is no import
        id(inner)
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in node.body
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) - node.level]
            target = base + tuple((node.module or "").split(".") if node.module else ())
            if node.module is None or not target:
                for alias in node.names:
                    yield node.lineno, (*target, alias.name)
            else:
                names = [
                    a.name for a in node.names if (ROOT.joinpath(*target, a.name + ".py")).exists()
                ]
                yield from ((node.lineno, (*target, name)) for name in names)
                if len(names) < len(node.names):
                    yield node.lineno, target


def height(module: tuple[str, ...]) -> float:
    name = module[0] if module else "__init__"
    if name not in FLOORS:
        pytest.fail(f"{name} has no floor: name it in FLOORS, above everything it imports")
    return FLOORS[name]


def stage(folder: str, name: str) -> float:
    """Where a file or folder stands in the order of its folder."""
    if folder not in INSIDE:
        pytest.fail(f"{folder}/ has no order: name its files in INSIDE, the lowest first")
    order = INSIDE[folder]
    if name not in order and folder in PARTS:
        return len(order) - 1.5  # below __init__
    if name not in order:
        pytest.fail(f"{folder}/{name} has no place: name it in INSIDE, after what it imports")
    return order.index(name)


def test_every_file_has_a_place():
    for path in FILES:
        here = place(path)
        height(here)
        for depth in range(1, len(here)):
            stage("/".join(here[:depth]), here[depth])
    for folder, names in INSIDE.items():
        there = {p.stem for p in (ROOT / folder).glob("*")}
        gone = set(names) - there
        assert not gone, f"INSIDE[{folder!r}] names what is no more: {sorted(gone)}"
    top = {p.stem for p in ROOT.glob("*")}
    assert set(FLOORS) <= top, f"FLOORS names what is no more: {sorted(set(FLOORS) - top)}"


@pytest.mark.parametrize("folder", PARTS)
def test_every_part_is_exported(folder):
    package = f"chainrule.{folder.replace('/', '.')}"
    for late in getattr(importlib.import_module(package), "_LATE", ()):  # test_keras_ops.py: names
        importlib.import_module(f"{package}.{late}")
    for path in (ROOT / folder).glob("*.py"):
        name = ".".join(("chainrule", *place(path))).removesuffix(".__init__")
        if name not in sys.modules:
            pytest.fail(f"nobody imports {name}: export its names in {folder}/__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(place(p)))
def test_no_import_climbs(path):
    here = place(path)
    for line, target in imports(path):
        if target[:1] == here[:1] and len(here) > 1:  # the same folder
            depth = 1  # of the innermost folder that both stand in
            while here[:-1][depth : depth + 1] == target[depth : depth + 1] != ():
                depth += 1
            folder, inside = "/".join(here[:depth]), "".join(target[depth : depth + 1])
            if not any(ROOT.joinpath(folder, inside + end).exists() for end in (".py", "/")):
                inside = ""  # no file, but a name that __init__ exports
            climbs = stage(folder, inside or "__init__") >= stage(folder, here[depth])
            if climbs and here[depth] != "__init__":
                pytest.fail(
                    f"{path}:{line} imports {'.'.join(target)}, which stands above or beside it "
                    f"(where the one is built on the other, INSIDE[{folder!r}] says so)"
                )
            continue
        assert height(target) < height(here), (
            f"{path}:{line} imports {'.'.join(target)}, which is higher"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(place(p)))
def test_jax_and_friends_are_imported_inside_functions_only(path):
    allowed_jax = {("arrays",), ("training", "jax_setup")}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(n) for n in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
            for name in names:
                package = name.split(".")[0]
                if package in ("jax", "matplotlib", "rich", "safetensors", "pooch"):
                    assert id(node) not in top, f"{path}:{node.lineno} imports {name} at once"
                if package == "jax":
                    assert place(path) in allowed_jax, f"{path}:{node.lineno} imports jax"


def test_import_loads_neither_jax_nor_matplotlib():
    code = "import sys, chainrule; print([m for m in ('jax', 'matplotlib', 'rich', 'scipy') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_import_adds_few_modules_to_numpy():
    """What the time of an import is made of, without timing it: modules beyond NumPy's own."""
    code = "import sys, numpy; n = set(sys.modules); import chainrule; print(len(set(sys.modules) - n))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = len(FILES)
    assert int(out.stdout) <= ours + 25


def test_import_leaves_out_what_few_programs_use():
    """Files, data sets and runs are loaded when somebody asks for them."""
    late = [
        "saving",
        "storage",
        "datasets",
        "data.catalog",
        "workflow",
        "report",
        "plots",
        "course",
        "figures",
        "exercises",
    ]
    late += [
        "layers.host",
        "training.compiled",
        "training.engines.xla",
        "models.graph_config",
        "models.classic",
        "applications",
        "drawing",
        "svg",
    ]
    code = (
        "import sys, numpy; n = set(sys.modules); import chainrule as cr; "
        f"late = [m for m in {late} if 'chainrule.' + m in sys.modules]; "
        "late += list({'json', 'dataclasses', 'random', 'glob'} & (set(sys.modules) - n)); "
        "print(late, set(cr.__all__) <= set(dir(cr)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[] True"


def test_inside_the_package_imports_are_relative():
    """An absolute import would pass by the floors unseen."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(a.name.split(".")[0] == "chainrule" for a in node.names), path
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert (node.module or "").split(".")[0] != "chainrule", path


def test_never_calls_jax_grad():
    words = ("grad", "vjp", "value_and_grad", "jvp", "linearize", "jacrev", "jacfwd")
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not any(f"jax.{word}(" in text for word in words), path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jax":
                assert not {a.name for a in node.names} & set(words), path


def test_init_files_only_re_export():
    for path in FILES:
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert not [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))], (
                path
            )


def code_lines(path: Path) -> tuple[ast.Module, set[int]]:
    """The tree of a file, and its lines without docstrings, comments and blank lines."""
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), set()
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent | {tokenize.ENDMARKER}:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        documented = isinstance(
            node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        )
        if documented and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return tree, lines


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(place(p)))
def test_files_and_functions_stay_short(path):
    tree, lines = code_lines(path)
    assert len(lines) <= 400, (
        f"{path} has {len(lines)} lines of code: split it by subject, so that a reader can hold one "
        "file in mind"
    )
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            long = sum(node.lineno <= n <= node.end_lineno for n in lines)
            assert long <= 60, (
                f"{path}:{node.lineno} {node.name} has {long} lines: give a name to a part of it"
            )


@pytest.mark.parametrize(
    "path", [p for p in FILES if place(p)[0] == "training"], ids=lambda p: "/".join(place(p))
)
def test_training_knows_no_model(path):
    """It trains Tasks; even for the type checker nothing of models is imported."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            words = [*(getattr(node, "module", "") or "").split("."), *(a.name for a in node.names)]
            assert not {"models", "Model"} & set(words), f"{path}:{node.lineno} imports models"
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        assert name != "Model", f"{path}:{node.lineno} names Model: take what a Task has"


# --- the way of a batch -------------------------------------------------------------------------


def _height_inside(here: tuple[str, ...]) -> tuple[float, float]:
    return height(here), stage(here[0], here[1]) if len(here) > 1 else 0


def _climbs() -> int:
    """How often the calls that run now went from a file to a higher one.

    What `calls.answers` puts around a method is that method's own first line, and no step.
    """
    files = [f.filename for f in traceback.extract_stack() if _is_ours(f.filename)]
    rooms = [place(Path(f)) for f in files if Path(f) != ROOT / "calls.py"]
    steps = itertools.pairwise(rooms)
    return sum(_height_inside(b) > _height_inside(a) for a, b in steps if a != b)


def _is_ours(filename: str) -> bool:
    return ROOT in Path(filename).parents


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_from_fit_to_a_weight_the_way_is_straight(engine):
    """Down all the way to the update; up twice to a layer: to the model's forward, to its call."""
    if engine == "xla":
        pytest.importorskip("jax")
    met: dict[str, int] = {}

    class Same(chainrule.layers.Layer):
        def call(self, x):
            met["layer"] = _climbs()
            return x

    class Descent(chainrule.optimizers.SGD):
        def update(self, *args, **kwargs):
            met["update"] = _climbs()
            return super().update(*args, **kwargs)

    model = chainrule.Sequential([chainrule.Input((3,)), Same(), chainrule.layers.Dense(1)])
    model.compile(Descent(), "mse")
    x, y = np.ones((4, 3)), np.ones((4, 1))
    model.predict(x, engine=engine)
    met.clear()
    model.fit(x, y, verbose=0, engine=engine)
    assert met["update"] == 0
    assert met["layer"] <= 2
