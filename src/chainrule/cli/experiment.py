"""`chainrule range` and `chainrule sweep`: which learning rate, which settings."""

from __future__ import annotations

import argparse
import shlex
import signal
from typing import Any

from .. import config, process
from ..data.schema import Scaling
from ..errors import ArgumentError
from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "range_test", "sweep"]

_RANGE_EXAMPLES = """The learning rate rises every batch (Smith 2017). Where the loss falls \
fastest, or ten times below where it diverges, is a rate to begin with. The rows held out for the \
test are not looked at.

examples:
  chainrule range digits
  chainrule range people.csv --units 32,32 --high 1 --picture rates.png
  chainrule train digits --lr 0.01        train with what was found
"""

_SWEEP_EXAMPLES = """Every combination is trained and compared on the same validation rows, which \
no model is trained on. The rows held out for the test are not looked at: they are for the one \
network that is chosen (chainrule train).

examples:
  chainrule sweep digits --rate .1,.01,.001
  chainrule sweep moons --units 8,16,32 --layers 1,2 --repeats 3
  chainrule sweep moons --grow            more layers, then more units, while it helps
  chainrule sweep people.csv --dropout 0,.2,.5 --csv sweep.csv --picture sweep.png
"""

# option, its other name, what stands for its value, the setting it varies, its type
_VARIED = (
    ("rate", "lr", "learning_rate", float, "learning rates"),
    ("layers", None, "layers", int, "numbers of hidden layers"),
    ("units", None, "units", int, "units of each hidden layer"),
    ("dropout", None, "dropout", float, "shares of dropout behind each hidden layer"),
    ("batch-size", None, "batch_size", int, "rows a step"),
    ("epochs", None, "epochs", int, "passes over the data"),
)


def _range_options(p: Any) -> None:
    """Give the parser of `range` its arguments."""
    _data(p)
    for name, kind, default, text in (
        ("low", float, 1e-5, "first rate"),
        ("high", float, 10.0, "last rate"),
        ("steps", int, 100, "how many rates, one a batch"),
        ("batch-size", int, 32, "rows a step"),
    ):
        p.add_argument(f"--{name}", type=kind, default=default, help=f"{text} ({default:g})")
    p.add_argument("--units", default="16", metavar="N,N", type=_numbers(int),
                   help="units of the hidden layers; 0 for none (16)")  # fmt: skip
    p.add_argument("--optimizer", default="adam", help="adam, sgd, ... (adam)")
    _rest(p)


def _sweep_options(p: Any) -> None:
    """Give the parser of `sweep` its arguments."""
    _data(p)
    for name, other, setting, kind, text in _VARIED:
        names = [f"--{name}", *([f"--{other}"] if other else [])]
        p.add_argument(*names, dest=setting, metavar="A,B,...", type=_numbers(kind),
                       help=f"{text} to compare")  # fmt: skip
    p.add_argument("--grow", action="store_true",
                   help="deck 001's way: add layers, then double the units, until the validation "
                   "loss stops falling; --units says where to begin (8)")  # fmt: skip
    p.add_argument("--repeats", type=int, default=1, metavar="N",
                   help="trainings of each setting, with other seeds (1)")  # fmt: skip
    p.add_argument("--validation-split", type=float, default=0.1, metavar="SHARE",
                   help="share of the training rows kept apart to compare with (0.1)")  # fmt: skip
    p.add_argument("--optimizer", default="adam", help="adam, sgd, ... (adam)")
    _rest(p)


def _data(p: Any) -> None:
    p.add_argument("data", metavar="DATA", help="a name that `chainrule datasets` lists, a folder "
                   "or a CSV file, as for chainrule train")  # fmt: skip


def _rest(p: Any) -> None:
    p.add_argument("--target", metavar="COLUMN", help="of a CSV file: the column to predict")
    p.add_argument("--missing", choices=("drop", "error"), help="of a CSV file: rows with an "
                   "empty cell")  # fmt: skip
    p.add_argument("--seed", type=int, default=0, metavar="N", help="equal seeds, equal runs (0)")
    p.add_argument("--engine", metavar="NAME", help="numpy, xla or auto (numpy: it starts at once)",
                   default="numpy")  # fmt: skip
    p.add_argument("--csv", metavar="FILE.csv", help="write the table")
    p.add_argument("--picture", metavar="FILE", help="draw it: .png, .svg or .pdf")
    p.add_argument("--overwrite", action="store_true", help="files may be replaced")
    p.add_argument("--json", action="store_true", help="print JSON")


def range_test(a: argparse.Namespace) -> int:
    """Print which rates serve."""
    from .. import experiments, utils

    _check_files(a)
    data = _load(a)
    x, y = data.x_train, data.y_train
    if data.class_names is None:
        y = Scaling.standard(y).apply(y)
    utils.set_random_seed(a.seed)
    build = experiments.network(x, y)
    units = [n for n in a.units if n]
    if len(set(units)) > 1:
        raise ArgumentError(
            "--units must be the same for all layers here", received=",".join(map(str, units))
        )
    model = build(len(units), units[0] if units else 1, optimizer=a.optimizer)
    with _Interruptible():
        found = experiments.range_test(
            model, x, y, low=a.low, high=a.high, steps=a.steps, batch_size=a.batch_size,
            engine=a.engine, verbose=0 if a.json else 1,
        )  # fmt: skip
    _show(a, found)
    return 130 if found.interrupted else 0


def sweep(a: argparse.Namespace) -> int:
    """Print which settings serve best."""
    from .. import experiments

    _check_files(a)
    grid = {s: getattr(a, s) for _, _, s, _, _ in _VARIED if getattr(a, s) is not None}
    how: dict[str, Any] = {"repeats": a.repeats, "seed": a.seed, "engine": a.engine,
                           "verbose": 0 if a.json else 1}  # fmt: skip
    if a.grow:
        how |= _fixed(grid)
    elif sum(map(len, grid.values())) > len(grid):  # of one value nothing is to be compared
        how |= {n: grid.pop(n)[0] for n in ("epochs", "batch_size") if len(grid.get(n, ())) == 1}
    elif not grid:
        raise ArgumentError(
            "there is nothing to compare",
            where="chainrule sweep",
            expected="values of at least one setting",
            fix="--rate .1,.01 or --units 8,16 or --grow",
        )
    data = _load(a)
    apart = _apart(data, a)
    build = experiments.network(data.x_train, data.y_train)

    def made(**settings: Any) -> Any:
        return build(optimizer=a.optimizer, **settings)

    if data.class_names is None and not a.json:
        say("figures are of (y − mean) / std, by the rows to train on")
    if a.grow:
        fixed = {n: how.pop(n) for n in ("learning_rate", "dropout") if n in how}

        def grown(layers: int, units: int) -> Any:
            return made(layers=layers, units=units, **fixed)

        with _Interruptible():
            found: Any = experiments.grow(grown, *apart[0], validation_data=apart[1], **how)
    else:
        fixed = {}
        with _Interruptible():
            found = experiments.sweep(made, *apart[0], grid, validation_data=apart[1], **how)
    _show(a, found)
    best = found.best
    if best is not None and not a.json:
        chosen = {**fixed, **best.settings}
        if a.optimizer != "adam":
            chosen["optimizer"] = a.optimizer
        print(f"next: chainrule train {shlex.quote(a.data)} {_words(chosen)}")
    return 130 if found.interrupted else 0


def _fixed(grid: dict[str, Any]) -> dict[str, Any]:
    """With --grow, layers and units are found; of all others there is one value."""
    for name, values in grid.items():
        if name == "layers" or len(values) > 1:
            raise ArgumentError(
                f"--grow finds the layers and the units; of {name} it takes "
                + ("none" if name == "layers" else "one value"),
                where="chainrule sweep",
                received=",".join(map(str, values)),
            )
    return {name: values[0] for name, values in grid.items()}


def _words(settings: dict[str, Any]) -> str:
    """The settings as options of `chainrule train`."""
    hidden = [str(settings.get("units", 16))] * settings.get("layers", 1)  # as `network` has them
    words = [f"--hidden {','.join(hidden) or '0'}"]
    names = {"learning_rate": "lr", "dropout": "dropout", "batch_size": "batch-size",
             "epochs": "epochs", "optimizer": "optimizer"}  # fmt: skip
    for name, value in settings.items():
        if name in names:
            shown = f"{value:g}" if isinstance(value, float) else value
            words.append(f"--{names[name]} {shown}")
    return " ".join(words)


class _Interruptible:
    """A context in which Ctrl-C is a KeyboardInterrupt, after which what there is is shown.

    The command's own handler ends the process at once.
    """

    def __enter__(self) -> None:
        self._before = signal.getsignal(signal.SIGINT)
        self._ours = self._before is process.leave
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *exc: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, self._before)


def _load(a: argparse.Namespace) -> Any:
    """The data, split as `chainrule train` does; the test part stays where it is."""
    from ..data import catalog

    config.check_engine(a.engine, "--engine")
    options: dict[str, Any] = {}
    if a.target is not None:
        word = a.target
        options["target"] = int(word) if word.removeprefix("-").isdecimal() else word
    if a.missing is not None:
        options["missing"] = a.missing
    return catalog.load(a.data, seed=a.seed, **options)


def _apart(data: Any, a: argparse.Namespace) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Rows to train on and rows to compare with; scaled by what the first are like alone."""
    import numpy as np

    x, y = data.x_train, data.y_train
    count = round(len(x) * a.validation_split)
    if not 0 < count < len(x):
        raise ArgumentError(
            "there must be rows to train on and rows to compare with",
            where="chainrule sweep",
            received=f"{len(x)} rows, --validation-split {a.validation_split:g}",
        )
    order = np.random.default_rng(a.seed).permutation(len(x))
    held, kept = np.sort(order[:count]), np.sort(order[count:])
    known, parts, targets = data.schema.scaling, (x[kept], x[held]), (y[kept], y[held])
    if known.mean is not None:  # standardized by all these rows, until here
        measured = (known.mean != 0) | (known.std != 1)
        scaling = Scaling.standard(parts[0], measured)
        parts = scaling.apply(parts[0]), scaling.apply(parts[1])
    if data.class_names is None:
        scaling = Scaling.standard(targets[0])
        targets = scaling.apply(targets[0]), scaling.apply(targets[1])
    return (parts[0], targets[0]), (parts[1], targets[1])


def _check_files(a: argparse.Namespace) -> None:
    """Raise for files that are there already, before anything is computed."""
    import os

    from ..report import refuse_existing

    for path in (a.csv, a.picture):
        if path and not a.overwrite:
            folder, name = os.path.split(path)
            refuse_existing(folder, [name])
    if a.picture and os.path.splitext(a.picture)[1].lower() not in (".png", ".svg", ".pdf"):
        raise ArgumentError(
            "a picture is a PNG, SVG or PDF file",
            where="--picture",
            received=a.picture,
            fix="--picture sweep.png",
        )


def _show(a: argparse.Namespace, found: Any) -> None:
    """Print it, and write the files that were asked for."""
    import io
    import os

    from ..files import write_atomically

    written = []
    if a.csv:
        written.append(found.save(a.csv, overwrite=True))
    if a.picture:
        content = io.BytesIO()
        kind = os.path.splitext(a.picture)[1][1:].lower()
        found.plot().savefig(content, format=kind)
        write_atomically(a.picture, content.getvalue())
        written.append(a.picture)
    if a.json:
        import json

        say(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    say()
    print(found)
    if written:
        say("\n".join(["", "written:", *(f"  {path}" for path in written)]))


def _numbers(kind: type) -> Any:
    """`.1,.01` as numbers."""

    def read(text: str) -> list[Any]:
        try:
            return [kind(word) for word in text.split(",")]
        except ValueError:
            what = "whole numbers such as 8,16" if kind is int else "numbers such as .1,.01"
            raise argparse.ArgumentTypeError(f"expected {what}, received {text!r}") from None

    return read


COMMANDS = (
    Command(
        "range", range_test, "Which learning rate: it rises every batch, the loss shows.",
        _RANGE_EXAMPLES, _range_options,
        (("range digits", "which learning rate to begin with"),),
    ),
    Command(
        "sweep", sweep, "Compare learning rates, sizes, dropout, batch sizes.",
        _SWEEP_EXAMPLES, _sweep_options, (("sweep moons --units 8,16 --rate .1,.01", ""),),
    ),
)  # fmt: skip
