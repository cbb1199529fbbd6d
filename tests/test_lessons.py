"""The guided lessons: made from their sources, run as they stand, and marked by their answers."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import nbformat
import numpy as np
import pytest

import chainrule
from chainrule.cli import main

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "course"
SOURCES = sorted((ROOT / "docs" / "lessons").glob("*.md"))
NAMES = [path.stem for path in SOURCES]
on_each = pytest.mark.parametrize("name", NAMES)

_spec = importlib.util.spec_from_file_location("make_lessons", ROOT / "docs" / "make_lessons.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


def source(name):
    return (ROOT / "docs" / "lessons" / f"{name}.md").read_text(encoding="utf-8")


def notebook(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


# --- what is in them ----------------------------------------------------------------------------


def test_every_file_is_what_its_source_makes():
    made = make.files()
    assert [
        str(p) for p in made if not p.exists() or p.read_text(encoding="utf-8") != made[p]
    ] == [], "python docs/make_lessons.py writes them anew"
    there = {*FOLDER.glob("*.ipynb"), *FOLDER.glob("answers/*"), FOLDER / "README.md"}
    assert there == set(made), "a notebook without a source"


@on_each
def test_format(name):
    content = notebook(name)
    nbformat.validate(content)  # also that no two cells have one id
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert set(content["metadata"]) == {"kernelspec", "language_info", "lesson"}
    for cell in content["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    first = content["cells"][0]
    assert "".join(first["source"]) == make.INSTALL
    assert 'CHAINRULE = os.environ.get("CHAINRULE", ' in make.INSTALL


@on_each
def test_what_a_lesson_has(name):
    cells = notebook(name)["cells"]
    words = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    facts = make.about(source(name))
    assert int(name[:2]) == facts["number"]
    assert 10 <= facts["minutes"] <= 40
    assert words.count("**Predict first:**") >= 6
    for part in re.split(r"\n## ", words):  # each is told to run after it
        if "Predict first" in part:
            assert re.search(r"Then\s+run", part), part
    assert re.search(r"^## Exercise", words, re.MULTILINE)
    assert "## What you learned\n" in words
    assert "## Try\n" in words
    everything = "\n".join("".join(c["source"]) for c in cells)
    assert re.search(r"""errata\("E|for name in \("E""", everything)  # where the decks differ
    kinds = [p.kind for p in make.pieces(source(name))]
    assert kinds.count("exercise") == kinds.count("solution") == kinds.count("check") >= 1
    assert not re.search(r"https?:|/tmp|/home|/work|/root|[A-Z]:\\\\", everything)
    for cell in cells:
        if cell["cell_type"] == "code":
            assert len(cell["source"]) <= 28, f"one idea a cell: {cell['id']}"


# --- running them -------------------------------------------------------------------------------


def run_cell(code, space):
    """What a cell prints and shows, as text; a picture is drawn and named."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), space)  # noqa: S102
        value = None
        if last is not None:
            shown = compile(ast.Expression(last.value), "<cell>", "eval")
            value = eval(shown, space)  # noqa: S307
    text = printed.getvalue()
    if value is None:
        return text
    for form in ("_repr_svg_", "_repr_png_", "_repr_html_"):
        if hasattr(value, form):
            assert len(getattr(value, form)()) > 500
            return f"{text}[{form}]"
    return f"{text}{value!r}"


def numbers(text):
    return [
        Decimal(n.replace("−", "-"))
        for n in re.findall(r"[-−]?\d+(?:\.\d+)?(?:e[-+]\d+)?", text.replace(",", ""))
    ]


def is_printed(answer, text):
    """Does a number of the text round to that of the answer, to all digits that it gives?"""
    given = Decimal(answer.replace("−", "-").replace(",", "").removesuffix("%").strip())
    unit = Decimal(1).scaleb(given.as_tuple().exponent)
    return any(abs(n - given) <= unit / 2 for n in numbers(text))


def test_a_number_is_printed_if_it_rounds_to_it():
    assert is_printed("0.529694", "p = 0.52969402")
    assert is_printed("-7.2e-05", "moves -7.21e-05")
    assert is_printed("2,048", "of 2048 weights")
    assert is_printed("98.5 %", "accuracy 98.49")
    assert not is_printed("0.53", "0.52")
    assert not is_printed("0.5", "-0.5")


@on_each
def test_lesson(name):
    """Every cell runs; each answer is what the cell above it prints; solutions are right."""
    space, printed = {"__name__": "__main__"}, ""
    run_cell(make.INSTALL, space)
    wrong, solution = [], ""
    for kind, text in make.pieces(source(name)):
        if kind in ("code", "exercise"):
            printed = run_cell(text, space)
            assert len(printed.splitlines()) <= 25, f"too much to read: {text}"
        elif kind == "answer":
            found = re.findall(r"`([^`]+)`", text)
            wrong += [
                f"{number} is not in\n{printed}"
                for number in found
                if not is_printed(number, printed)
            ]
        elif kind == "solution":
            solution = text
        elif kind == "check":
            assert "Correct" not in run_cell(text, space), "solved before the student begins"
            run_cell(solution, space)
            printed = run_cell(text, space)
            assert "Correct" in printed, printed
    assert wrong == []


# --- as a student does --------------------------------------------------------------------------


def test_the_loss_that_is_printed_is_of_the_points_that_were_learnt():
    """In lesson 08, on data of one's own, too."""
    cells = ["".join(c["source"]) for c in notebook("08_overfitting")["cells"]]
    space = {"cr": chainrule}
    for words in ("x_new, y_new =", "def train("):
        code = next(c for c in cells if words in c)
        exec(code.partition("\n\n\nsimple")[0], space)  # noqa: S102 - our own text
    many = chainrule.datasets.moons(90, noise=0.35, seed=3)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        model, _ = space["train"](hidden=[], epochs=1, data=many)
    p = model.predict(many[0], engine="numpy").astype(float).ravel()
    loss = -np.log(np.where(np.ravel(many[1]) == 1, p, 1 - p)).mean()
    assert printed.getvalue().startswith(f"loss {loss:.2f} on the 90 points, ")


def in_a_kernel(name, folder, python=sys.executable, **environment):
    """The notebook with its outputs, run in a kernel of a Python, in a folder."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class Ours(AsyncKernelManager):
        """A kernel of the Python asked for, whatever kernels the machine lists."""

        @property
        def kernel_spec(self):
            argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    content = nbformat.reads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"), 4)
    client = NotebookClient(
        content,
        timeout=120,
        kernel_manager_class=Ours,
        resources={"metadata": {"path": str(folder)}},
    )
    done = client.execute(env={**os.environ, **environment})
    return [o for cell in done.cells if cell.cell_type == "code" for o in cell.outputs]


def built(folder):
    """The wheel, built from this checkout without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def clean_environment(folder):
    """A new environment that has what chainrule needs, but no chainrule; returns its Python.

    The libraries, pip too, are linked from the environment of the tests: nothing is downloaded.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    linked = folder / "linked"
    linked.mkdir()
    for place in reversed([Path(p) for p in sys.path if "site-packages" in p]):
        for path in place.iterdir():
            if not path.name.startswith(("chainrule", "_editable", "__editable", "__pycache__")):
                (linked / path.name).unlink(missing_ok=True)
                (linked / path.name).symlink_to(path)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "linked.pth").write_text(f"{linked}\n", encoding="utf-8")
    return folder / "bin" / "python"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_the_first_lesson_from_an_empty_machine(tmp_path):
    """Its first cell installs the wheel, and every other cell runs, in a folder with nothing in it."""
    python = clean_environment(tmp_path / "environment")
    empty = tmp_path / "empty"
    empty.mkdir()
    about = {"cwd": empty, "env": {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}}
    probe = "import importlib.util; print(importlib.util.find_spec('chainrule'))"
    there = subprocess.run(
        [python, "-c", probe], capture_output=True, text=True, check=True, **about
    )
    assert there.stdout == "None\n"
    gone = {**about["env"], "CHAINRULE": str(empty / "gone.whl"), "PIP_NO_INDEX": "1"}
    cell = subprocess.run(
        [python, "-c", make.INSTALL], capture_output=True, text=True, cwd=empty, env=gone
    )
    assert cell.returncode == 1
    assert cell.stderr.endswith("set it above to the path of a wheel\n")
    assert "Traceback" not in cell.stderr
    wheel = built(tmp_path / "dist")
    outputs = in_a_kernel(
        NAMES[0], empty, python, CHAINRULE=str(wheel), PYTHONPATH="", PIP_NO_INDEX="1"
    )
    assert outputs[0]["text"] == f"chainrule {chainrule.__version__}\n"
    assert [o for o in outputs if o.output_type == "error"] == []
    shown = {kind for o in outputs for kind in o.get("data", {})}
    assert {"image/svg+xml", "image/png"} <= shown  # drawings and figures
    where = "import chainrule; print(chainrule.__file__)"
    there = subprocess.run(
        [python, "-c", where], capture_output=True, text=True, check=True, **about
    )
    assert str(tmp_path / "environment") in there.stdout
    command = [python, "-m", "chainrule", "course", "lesson", *(n[:2] for n in NAMES)]
    subprocess.run(command, check=True, capture_output=True, **about)  # the wheel has them all
    for name in NAMES:
        assert (empty / f"{name}.ipynb").read_bytes() == (FOLDER / f"{name}.ipynb").read_bytes()


# --- the command --------------------------------------------------------------------------------


def said(capsys, *words, status=0):
    assert main(["course", "lesson", *words]) == status
    out = capsys.readouterr()
    return out.out if status == 0 else out.err


def test_the_command_writes_lessons(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = NAMES[0]
    assert said(capsys, name[:2]) == f"written: {name}.ipynb\n"
    assert Path(f"{name}.ipynb").read_bytes() == (FOLDER / f"{name}.ipynb").read_bytes()
    assert f"written: {Path('mine', name)}_answers.md" in said(
        capsys, name[3:], NAMES[1], "--answers", "--out", "mine"
    )
    written = Path("mine", f"{name}_answers.md").read_bytes()
    assert written == (FOLDER / "answers" / f"{name}.md").read_bytes()
    assert sorted(p.name for p in Path("mine").iterdir()) == [f"{n}_answers.md" for n in NAMES[:2]]


def test_the_command_replaces_nothing(capsys, tmp_path, monkeypatch):
    """A student's work is not lost by asking for the lesson again."""
    monkeypatch.chdir(tmp_path)
    mine = Path(f"{NAMES[0]}.ipynb")
    mine.write_text("my work", encoding="utf-8")
    message = said(capsys, NAMES[1][:2], NAMES[0][:2], status=2)
    assert f"{mine} exists already" in message
    assert "--overwrite" in message
    assert mine.read_text(encoding="utf-8") == "my work"
    assert list(tmp_path.iterdir()) == [tmp_path / mine]  # nor is the other one written
    said(capsys, NAMES[0][:2], "--overwrite")
    assert mine.read_bytes() == (FOLDER / mine).read_bytes()


def test_the_command_lists_lessons(capsys):
    text = said(capsys)
    found = json.loads(said(capsys, "--json"))
    assert [f["name"] for f in found] == NAMES
    for facts in found:
        assert re.search(
            rf"^  {facts['number']:02}  {re.escape(facts['title'])} +{facts['minutes']} min",
            text,
            re.M,
        )
    assert "fix: did you mean 'losses'?" in said(capsys, "loses", status=2)
    assert main(["course"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for facts in found:  # whole, in 80 columns
        assert any(facts["title"] in line and line.endswith(facts["about"]) for line in lines)


def test_without_its_notebooks_the_package_says_so(monkeypatch):
    chainrule.course.lessons()
    module = sys.modules["chainrule.course.lessons"]  # its name is that of the function, too
    monkeypatch.setattr(module, "_FOLDERS", ("nowhere",))
    module._table.cache_clear()
    with pytest.raises(chainrule.errors.FileError, match="the lessons are not here"):
        chainrule.course.lessons()
