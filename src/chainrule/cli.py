"""The command line: train a network on data, evaluate it, use it.

    chainrule train digits
    chainrule train people.csv --target income --missing drop
    chainrule predict runs/digits-20260314-150926 examples.npy

Exit status: 0 done, 1 `doctor` found something broken, 2 an error with its message, 130 after
Ctrl-C, 143 after SIGTERM, 141 when the reader of a pipe went away.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .callbacks import Callback
from .errors import ArgumentError, ChainruleError, FileError, ShapeError, choose, did_you_mean

__all__ = ["main"]


# how arguments of `read_csv`, which its messages advise, are said on the command line
_AS_OPTIONS = (
    ('missing="drop"', "--missing drop"),
    ("header=True", "--header yes"),
    ("header=False", "--header no"),
    ("delimiter=", "--delimiter "),
    ("classes=True", "--task classification"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: the words after `chainrule`; by default those of this process.

    Example:
        >>> main(["--version"])
        chainrule 0.1.0
        0
    """
    if argv is None:
        signal.signal(signal.SIGINT, _leave)
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv), process=argv is None)
        finally:
            sys.stdout.flush()
    except ChainruleError as error:
        text = str(error)
        for argument, option in _AS_OPTIONS:
            text = text.replace(argument, option)
        print(f"chainrule: {text}", file=sys.stderr)
        return 2
    except MemoryError:
        print("chainrule: there is not enough memory for this", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # whoever read our output is gone; the flush at exit must not fail a second time
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, _Aborted) else signal.SIGINT
        return 128 + number
    finally:
        if argv is None:  # the process ends: from here on Ctrl-C has nothing to clean up
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _leave(number: int, frame: object = None) -> None:
    """End the process at once, for a signal.

    An exception raised by a handler can come up inside a callback of the compiler, which prints
    or even crashes. Files are whole at every moment, so nothing has to be finished.
    """
    if os.isatty(1):
        os.write(1, b"\x1b[?25h\n")  # the progress bar hides the cursor
    os._exit(128 + number)


def _run(argv: list[str], process: bool) -> int:
    parser, commands = _parser()
    word = next((word for word in argv if not word.startswith("-")), None)
    if word is not None and argv[0] == word and word not in commands:
        raise ArgumentError(f"there is no command {word!r}", fix=did_you_mean(word, commands))
    try:
        arguments, unknown = parser.parse_known_args(argv)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if unknown:
        options = [o for o in commands[arguments.command]._option_string_actions if len(o) > 2]
        problem = "does not exist" if unknown[0].startswith("-") else "is one too many"
        raise ArgumentError(
            f"{unknown[0]!r} {problem}",
            where=f"chainrule {arguments.command}",
            fix=did_you_mean(unknown[0].split("=")[0], options)
            if unknown[0].startswith("-")
            else f"chainrule {arguments.command} --help shows what belongs there",
        )
    arguments.words, arguments.process = argv, process
    return arguments.action(arguments)


# --- what stands on the line ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Recipe:
    """What `train` takes unless told otherwise, by kind of data."""

    data: str
    hidden: tuple[int, ...]
    dropout: float
    epochs: int | None  # None: about _STEPS steps, so that small tables are seen more often
    batch_size: int
    learning_rate: float


_STEPS, _FEWEST, _MOST = 4000, 10, 300
_RECIPES = {
    "digits": _Recipe("digits", (256, 128), 0.3, 40, 32, 0.001),
    "images": _Recipe("mnist, folders of images", (512, 512), 0.2, 12, 128, 0.001),
    "points": _Recipe("moons, circles, spirals, ...", (32, 32), 0.0, 120, 32, 0.01),
    "gates": _Recipe("and, or, nand", (8,), 0.0, 300, 4, 0.05),
    "tables": _Recipe("CSV files", (64, 32), 0.0, None, 32, 0.001),
}

_EXAMPLES = """examples:
  chainrule train digits                    98 % in a few seconds
  chainrule train moons --hidden 8 --activation tanh
  chainrule train people.csv --target income
  chainrule datasets                        what can be trained on by name
  chainrule doctor                          versions, engine, what to mend
"""


_SCHEDULES = ("cosine", "constant")


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are ours: one form for every message."""

    def error(self, message: str) -> Any:
        raise ArgumentError(message, where=self.prog, fix=f"{self.prog} --help shows what it takes")


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    from . import __version__

    style: dict[str, Any] = {
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }
    parser = _Parser("chainrule", description="Deep learning that shows its work.",
                     epilog=_EXAMPLES, **style)  # fmt: skip
    parser.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, action: Callable[..., int], help: str, epilog: str) -> Any:
        made = commands.add_parser(name, help=help, description=help, epilog=epilog, **style)
        made.set_defaults(action=action)
        return made

    _train_options(command("train", _train, "Train a network and write a run folder.", _recipes()))

    p = command("evaluate", _evaluate, "Loss and accuracy of a model on data.",
                "examples:\n  chainrule evaluate runs/digits-20260314-150926 digits\n"
                "  chainrule evaluate runs/people-20260314-150926 other-people.csv")  # fmt: skip
    _model_argument(p)
    p.add_argument("data", metavar="DATA", help="a name, a folder or a CSV file with its target; "
                   "for the data of the training, the held-out rows are taken")  # fmt: skip
    p.add_argument("--out", metavar="FOLDER", help="also draw the pictures into this folder")
    _engine_option(p, "numpy", "NumPy starts at once")

    p = command("predict", _predict, "The class and its probability, or the value, for each row.",
                "examples:\n  chainrule predict runs/digits-20260314-150926 examples.npy\n"
                "  chainrule predict model.safetensors people.csv --out answers.csv")  # fmt: skip
    _model_argument(p)
    p.add_argument(
        "file",
        metavar="FILE",
        help="a CSV file (with or without the target), a .npy file, or an IDX file, plain or gzip; "
        "numbers as they were before scaling",
    )
    p.add_argument("--out", metavar="FILE.csv", help="write a CSV file with every probability")
    p.add_argument("--scaled", action="store_true", help="the numbers are scaled already")
    _engine_option(p, "numpy", "NumPy starts at once")

    p = command("summary", _summary, "The layers of a model and their parameters.",
                "example:\n  chainrule summary runs/digits-20260314-150926")  # fmt: skip
    _model_argument(p)
    command("datasets", _datasets, "Data that can be trained on by name.",
            "example:\n  chainrule train spirals")  # fmt: skip
    command("doctor", _doctor, "Versions, engine, devices and what to mend; status 1 when "
            "something is broken.", "example:\n  chainrule doctor")  # fmt: skip
    return parser, dict(commands.choices)


def _recipes() -> str:
    lines = ["defaults by kind of data:",
             f"  {'':28} {'hidden':10} dropout  epochs  batch size  learning rate"]  # fmt: skip
    for r in _RECIPES.values():
        hidden = ",".join(map(str, r.hidden))
        lines.append(f"  {r.data:28} {hidden:10} {r.dropout:<7g}  {r.epochs or '*':<6}  "
                     f"{r.batch_size:<10}  {r.learning_rate:g}")  # fmt: skip
    lines.append(f"  * as many as make {_STEPS} steps, from {_FEWEST} to {_MOST}")
    return "\n".join(lines) + _TRAIN_EXAMPLES


_TRAIN_EXAMPLES = """

While it trains, Ctrl-C (or SIGTERM) finishes the step and saves what there is; a second one
aborts at once.

examples:
  chainrule train digits
  chainrule train mnist --hidden 512,512 --dropout 0.2 --epochs 12
  chainrule train people.csv --target income --missing drop --patience 5
  chainrule train wine.csv --delimiter ';' --task regression --hidden 32
"""


# option, what stands for its value, its type, its default, what the help says
_TRAIN = {
    "network": (
        ("hidden", "64,32", "widths", None, "units of the hidden layers; 0 for none (below)"),
        ("activation", "NAME", str, "relu", "of the hidden layers"),
        ("dropout", "SHARE", float, None, "share of hidden units dropped in each step (below)"),
    ),
    "training": (
        ("epochs", "N", int, None, "passes over the data (below)"),
        ("batch-size", "N", int, None, "rows a step (below)"),
        ("optimizer", "NAME", str, "adam", "adam, sgd, rmsprop, ..."),
        ("lr", "RATE", float, None, "learning rate (below for adam, else the optimizer's own)"),
        ("schedule", "NAME", str, "cosine", "constant, or cosine: the rate falls to 0"),
        ("validation-split", "SHARE", float, None,
         "share of the training rows kept apart to watch the training (0.1; 0 below 100 rows)"),
        ("patience", "N", int, None,
         "stop after N epochs without a better validation loss, take the best weights (off)"),
        ("seed", "N", int, 0, "equal seeds give equal runs"),
        ("engine", "NAME", str, "auto", "numpy, xla, or auto: XLA where JAX is installed"),
    ),
    "CSV files": (
        ("target", "COLUMN", str, None,
         "the column to predict: its name, or its number from 0, or -1 for the last (the last)"),
        ("task", "KIND", str, "auto", "classification, regression, or auto: by the values"),
        ("delimiter", "C", str, None, "what stands between cells (,)"),
        ("header", "yes|no", str, None, "is the first row one of names? (found out)"),
        ("missing", "drop", str, None, "leave out rows with an empty cell or ? (an error)"),
    ),
    "output": (
        ("out", "FOLDER", str, None, "the run folder (runs/<data>-<date>-<time>)"),
    ),
}  # fmt: skip


def _train_options(p: Any) -> None:
    p.add_argument(
        "data",
        metavar="DATA",
        help="digits, mnist or another name that `chainrule datasets` lists, a folder with "
        "train.csv or MNIST's four files, or a CSV file. Defaults stand in parentheses; "
        "'below' is the table at the end",
    )
    for title, options in _TRAIN.items():
        group = p.add_argument_group(title)
        for name, metavar, kind, default, text in options:
            shown = "" if default is None else f" ({default})"
            kind = _widths if kind == "widths" else kind
            group.add_argument(
                f"--{name}", metavar=metavar, type=kind, default=default, help=text + shown
            )
    group = p.add_argument_group("also")
    group.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    group.add_argument("--quiet", action="store_true", help="print the result and the folder alone")


def _model_argument(p: Any) -> None:
    p.add_argument("model", metavar="MODEL", help="a run folder or a .safetensors file")


def _engine_option(p: Any, default: str, why: str) -> None:
    p.add_argument("--engine", default=default, metavar="NAME",
                   help=f"auto, numpy or xla (default: {default}; {why})")  # fmt: skip


def _widths(text: str) -> tuple[int, ...]:
    """`64,32` as numbers; `0` and `none` mean no hidden layer."""
    if text.strip().lower() in ("0", "none", ""):
        return ()
    try:
        widths = tuple(int(word) for word in text.split(","))
    except ValueError:
        widths = (0,)
    if min(widths) < 1:
        raise argparse.ArgumentTypeError(
            f"expected numbers of units such as 64,32 or 0 for no hidden layer, received {text!r}"
        )
    return widths


# --- train ---------------------------------------------------------------------------------------


class _Aborted(KeyboardInterrupt):
    """A signal that cannot wait, where the process is not ours to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class _Signals(Callback):
    """Ctrl-C and SIGTERM: before training they abort; then the first one asks fit to stop.

    Use as a context around everything that must not be lost, and give it to fit as a callback.

    Args:
        process: the process is ours, and aborting means to end it.
    """

    def __init__(self, process: bool) -> None:
        self.process = process
        self.folder: str | None = None
        self.received: int | None = None
        self._training = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        import threading

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """From here on there is something to save."""
        self._training = True

    def _unwritten(self) -> None:
        """Remove the file that was being written, if any."""
        import contextlib
        import glob

        for path in glob.glob(f"{glob.escape(self.folder or '')}/.*.{os.getpid()}.*.tmp"):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _handle(self, number: int, frame: object) -> None:
        if not self._training or self.received is not None:
            if not self._training and self.folder is not None:
                _withdraw(self.folder)
            if self.process:
                self._unwritten()
                _leave(number)
            raise _Aborted(number)
        self.received = number
        # not by attribute: inside a step, where the signal may have come, the model refuses that
        vars(self.model)["stop_training"] = True
        # not print: the signal may have come in the middle of one
        os.write(2, b"\nstopping after this step and saving; once more aborts at once\n")


def _train(a: argparse.Namespace) -> int:
    from . import activations, optimizers, report
    from .callbacks import EarlyStopping, History
    from .data import catalog
    from .training.engine import choose_engine, why_engine
    from .utils import set_random_seed

    # every word is looked at before any data is read
    activations.get(a.activation)
    optimizer = optimizers.registry.find(a.optimizer)
    engine = choose_engine(a.engine)
    if a.schedule not in _SCHEDULES:
        raise choose("--schedule", a.schedule, _SCHEDULES)
    _check_numbers(a)
    options = _table_options(a)
    began = time.perf_counter()
    with _Signals(a.process) as signals:
        data = catalog.load(a.data, seed=a.seed, **options)
        recipe = _RECIPES[_kind(data, a.data in catalog.datasets)]
        hidden = recipe.hidden if a.hidden is None else a.hidden
        dropout = recipe.dropout if a.dropout is None else a.dropout
        rate = a.lr
        if rate is None and a.optimizer.lower() == "adam":
            rate = recipe.learning_rate
        chosen: dict[str, Any] = {
            "hidden": list(hidden),
            "activation": a.activation,
            "dropout": dropout,
            "batch_size": recipe.batch_size if a.batch_size is None else a.batch_size,
            "optimizer": a.optimizer,
            "learning_rate": rate,
            "schedule": a.schedule,
            "patience": a.patience,
        }
        (x, y), held_out, chosen["validation_split"] = _split(data, a.validation_split, a.seed)
        steps = -(-len(x) // chosen["batch_size"])
        usual = recipe.epochs or min(max(_FEWEST, -(-_STEPS // steps)), _MOST)
        chosen["epochs"] = usual if a.epochs is None else a.epochs
        set_random_seed(a.seed)
        model = _network(data, hidden, a.activation, dropout)
        classes = data.class_names is not None

        def compile() -> None:
            model.compile(
                _optimizer(optimizer, rate, a.schedule, chosen["epochs"] * steps),
                "sparse_categorical_crossentropy" if classes else "mse",
                metrics=["accuracy"] if classes else ["mae"],
            )

        compile()
        middle, spread = (0.0, 1.0) if classes else _standard(y)
        if not a.quiet:
            _describe(data, len(x), 0 if held_out is None else len(held_out[0]))
            if not classes:
                print(f"  figures   while training of (y − {middle:.5g}) / {spread:.5g}, then of y")
            model.summary()
        folder = report.create(data.name, a.out, a.overwrite)
        inputs = report.Inputs.of(data, a.data, a.seed, options)
        config = {
            "command": ["chainrule", *a.words],
            "arguments": chosen,
            "seed": a.seed,
            "engine": {"name": engine, "why": why_engine(a.engine, engine)},
            "versions": report.versions(),
            "data": {
                "name": data.name,
                "place": data.name if a.data in catalog.datasets else os.path.abspath(a.data),
                "options": options,
                "source": data.source,
                "scale": data.scale,
                "feature_names": data.feature_names,
                "class_names": data.class_names,
                "inputs": inputs.to_json(),
            },
        }
        signals.folder = folder
        report.write_config(folder, config)
        history = History()
        callbacks: list[Any] = [history, signals]
        if a.patience is not None:
            monitor = "loss" if held_out is None else "val_loss"
            callbacks.append(
                EarlyStopping(monitor, patience=a.patience, restore_best_weights=True,
                              verbose=0 if a.quiet else 1)
            )  # fmt: skip
        try:
            model.fit(
                x,
                y if classes else (y - middle) / spread,
                batch_size=chosen["batch_size"],
                epochs=chosen["epochs"],
                verbose=0 if a.quiet else 1,
                callbacks=callbacks,
                validation_data=held_out
                if classes or held_out is None
                else (held_out[0], (held_out[1] - middle) / spread),
                engine=a.engine,
            )
        except ChainruleError:
            _withdraw(folder)
            raise
        took = time.perf_counter() - began
        if not classes:
            _to_units(model, history.history, middle, spread)
            compile()  # the optimizer's slots were those of the other units
        written = [model.save(os.path.join(folder, report.MODEL))]
        report.write_history(folder, history.history)
        predicted = model.predict(data.x_test, engine=a.engine)
        results = _results(data.y_test, predicted, data.class_names)
        by = signals.received
        config["results"] = {
            "test": results,
            "test_rows": len(data.x_test),
            "epochs": len(history.epoch),
            "seconds": round(took, 3),
            "stopped_by": None if by is None else signal.Signals(by).name,
        }
        report.write_config(folder, config)
        examples = report.write_examples(folder, inputs, data.x_test)
        pictures, notice = report.draw(
            folder, history.history, model, data.x_test, data.y_test, predicted, data.class_names
        )
    written += [os.path.join(folder, name) for name in ("history.csv", report.CONFIG)]
    _finish(a, folder, [*written, examples, *pictures], notice, results, len(data.x_test))
    if signals.received is not None:
        name = signal.Signals(signals.received).name
        print(f"stopped by {name} in epoch {len(history.epoch)} of {chosen['epochs']}; "
              f"what there was is in {folder}", file=sys.stderr)  # fmt: skip
        return 128 + signals.received
    return 0


def _optimizer(kind: Any, rate: float | None, schedule: str, steps: int) -> Any:
    """The optimizer; `cosine` lets its rate fall to 0 over all steps of the training."""
    from .schedules import CosineDecay

    made = kind() if rate is None else kind(learning_rate=rate)
    if schedule == "constant":
        return made
    return kind(learning_rate=CosineDecay(made.learning_rate, max(1, steps)))


def _standard(y: Any) -> tuple[float, float]:
    """Mean and standard deviation of a target, as float32 so that both engines see the same."""
    import numpy as np

    mean, std = y.mean(dtype=np.float64), y.std(dtype=np.float64)
    return float(np.float32(mean)), float(np.float32(std)) or 1.0


def _to_units(model: Any, history: dict[str, list[float]], middle: float, spread: float) -> None:
    """From the standardised target to the target's own units; the last layer is linear.

    spread·(a W + b) + middle  =  a (spread·W) + (spread·b + middle)
    """
    last = model.layers[-1]
    last.kernel.assign(last.kernel.numpy() * spread)
    last.bias.assign(last.bias.numpy() * spread + middle)
    for name, values in history.items():
        factor = {"loss": spread**2, "mae": spread}.get(name.removeprefix("val_"), 1.0)
        values[:] = [value * factor for value in values]


def _withdraw(folder: str) -> None:
    """A run that never came to be leaves nothing behind, unless it replaced another one."""
    import contextlib

    from . import report

    if not os.path.exists(os.path.join(folder, report.MODEL)):
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, report.CONFIG))
            os.rmdir(folder)


def _check_numbers(a: argparse.Namespace) -> None:
    for option, value, low, high in (
        ("--dropout", a.dropout, 0, 1),
        ("--validation-split", a.validation_split, 0, 1),
    ):
        if value is not None and not low <= value < high:
            raise ArgumentError(
                f"{option} is out of range", expected=f"{low} ≤ share < {high}", received=value
            )
    for option, value, least in (
        ("--epochs", a.epochs, 0),
        ("--batch-size", a.batch_size, 1),
        ("--patience", a.patience, 1),
        ("--seed", a.seed, 0),
    ):
        if value is not None and value < least:
            raise ArgumentError(
                f"{option} is too small", expected=f"at least {least}", received=value
            )
    if a.lr is not None and not 0 < a.lr < float("inf"):
        raise ArgumentError("--lr must be a positive number", received=a.lr)


def _table_options(a: argparse.Namespace) -> dict[str, Any]:
    """Arguments of read_csv; only those that were given."""
    options: dict[str, Any] = {}
    if a.target is not None:
        number = a.target.removeprefix("-").isdecimal()
        options["target"] = int(a.target) if number else a.target
    if a.delimiter is not None:
        options["delimiter"] = "\t" if a.delimiter == "\\t" else a.delimiter
    words = {
        "header": {"yes": True, "no": False},
        "missing": {"drop": "drop", "error": "error"},
        "task": {"classification": True, "regression": False, "auto": "auto"},
    }
    for name, meanings in words.items():
        word = getattr(a, name)
        if word is None or (name == "task" and word == "auto"):
            continue
        if word not in meanings:
            raise choose(f"--{name}", word, meanings)
        options["classes" if name == "task" else name] = meanings[word]
    return options


def _kind(data: Any, named: bool) -> str:
    if named and data.name in _RECIPES:
        return data.name
    if len(data.feature_shape) > 1:
        return "images"
    if not named:
        return "tables"
    return "gates" if data.x_test is data.x_train else "points"


def _split(data: Any, share: float | None, seed: int) -> tuple[Any, Any, float]:
    """Rows to train on, rows to watch the training with (drawn at random) or None, their share."""
    import numpy as np

    rows = len(data.x_train)
    if share is None:
        share = 0.1 if rows >= 100 else 0.0
    count = round(rows * share)
    if count == 0 or count == rows:
        return (data.x_train, data.y_train), None, 0.0
    order = np.random.default_rng(seed).permutation(rows)
    apart = np.zeros(rows, bool)
    apart[order[:count]] = True
    x, y = data.x_train, data.y_train
    return (x[~apart], y[~apart]), (x[apart], y[apart]), share


def _network(data: Any, hidden: Iterable[int], activation: str, dropout: float) -> Any:
    from .layers import Dense, Dropout, Flatten, Input
    from .models import Sequential

    model = Sequential([Input(data.feature_shape)])
    if len(data.feature_shape) > 1:
        model.add(Flatten())
    for units in hidden:
        model.add(Dense(units, activation))
        if dropout:
            model.add(Dropout(dropout))
    if data.class_names is None:
        model.add(Dense(1))
    else:
        model.add(Dense(max(2, len(data.class_names)), "softmax"))
    return model


def _describe(data: Any, rows: int, watched: int) -> None:
    shape = " × ".join(map(str, data.feature_shape))
    names = data.class_names
    task = "a value to predict" if names is None else f"{len(names)} classes"
    if names is not None and names != [str(i) for i in range(len(names))]:
        task += ": " + ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    test = "the same rows" if data.x_test is data.x_train else f"{len(data.x_test):,}"
    print(f"data: {data.name}. {data.description}")
    print(f"  rows      {rows:,} to train" + (f", {watched:,} to validate" if watched else "")
          + f", {test} to test")  # fmt: skip
    print(f"  features  {shape}; {data.scale}")
    print(f"  task      {task}")
    print(f"  source    {data.source}", flush=True)


def _results(y: Any, predicted: Any, class_names: Any) -> dict[str, float]:
    import numpy as np

    if class_names is not None:
        return {"accuracy": float((predicted.argmax(-1) == y).mean())}
    error = predicted.reshape(-1).astype(np.float64) - y
    return {"mse": float((error**2).mean()), "mae": float(np.abs(error).mean())}


def _say_results(results: dict[str, float], rows: int) -> str:
    if "accuracy" in results:
        share = results["accuracy"]
        return f"test accuracy {share:.2%} ({round(share * rows):,} of {rows:,})".replace("%", " %")
    mse, mae = results["mse"], results["mae"]
    return f"test MSE {mse:.5g}, mean absolute error {mae:.5g} ({rows:,} rows)"


def _finish(
    a: argparse.Namespace, folder: str, written: list[str], notice: str | None,
    results: dict[str, float], rows: int,
) -> None:  # fmt: skip
    import shlex

    print(_say_results(results, rows))
    if notice:
        print(notice)
    if a.quiet:
        print(folder)
        return
    print("written:")
    for path in written:
        print(f"  {path}")
    table = os.path.isfile(a.data)
    file = a.data if table else os.path.join(folder, "examples.npy")
    print(f"next: chainrule predict {shlex.quote(folder)} {shlex.quote(file)}")


# --- evaluate, predict, summary ------------------------------------------------------------------


def _open(path: str) -> tuple[Any, dict[str, Any] | None]:
    """A model, and the config of its run where there is one beside it."""
    from . import report
    from .models import load_model

    folder = path if os.path.isdir(path) else os.path.dirname(path)
    file = os.path.join(path, report.MODEL) if os.path.isdir(path) else path
    if not os.path.exists(file):
        raise FileError(
            "there is no model",
            where=path,
            expected=f"a run folder with {report.MODEL}, or a .safetensors file",
            fix="train one: chainrule train digits",
        )
    return load_model(file), report.read_config(folder)


def _inputs(model: Any, config: dict[str, Any] | None, path: str) -> Any:
    from . import report

    shape = getattr(model, "_shapes", ((None, *(model.input_shape or ())),))[0][1:]
    if config is None:
        print(f"chainrule: there is no {report.CONFIG} beside the model: numbers are taken as they "
              "are, classes have no names", file=sys.stderr)  # fmt: skip
        return report.Inputs(shape)
    inputs = report.Inputs.from_json(config["data"].get("inputs"), path)
    if inputs.shape != tuple(shape):
        raise FileError(
            f"{report.CONFIG} belongs to another model",
            where=path,
            expected=f"inputs of shape {tuple(shape)}",
            received=inputs.shape,
        )
    return inputs


def _evaluate(a: argparse.Namespace) -> int:
    import numpy as np

    from . import report

    model, config = _open(a.model)
    inputs = _inputs(model, config, a.model)
    x, y, which = _rows_to_test(a.data, inputs, config)
    if x.shape[1:] != inputs.shape:
        raise ShapeError(
            "the data do not fit the model",
            where=a.data,
            expected=f"rows of shape {inputs.shape}",
            received=f"rows of shape {x.shape[1:]}",
        )
    print(f"data: {a.data}, {which}")
    logs = model.evaluate(x, y, batch_size=1024, verbose=0, return_dict=True, engine=a.engine)
    width = max(map(len, logs))
    for name, value in logs.items():
        print(f"{name:{width}}  {value:.6g}")
    if a.out:
        report.create(a.data, a.out, overwrite=True)
        predicted = model.predict(x, engine=a.engine)
        names = _class_names(config, predicted.shape[-1])
        if np.asarray(y).dtype.kind == "f":
            names = None
        pictures, notice = report.draw(a.out, {}, model, x, y, predicted, names)
        print("\n".join(["written:", *(f"  {p}" for p in pictures)]) if pictures else notice)
    return 0


def _rows_to_test(place: str, inputs: Any, config: dict[str, Any] | None) -> tuple[Any, Any, str]:
    """x, y and which rows they are."""
    from .data import catalog

    known = {} if config is None else config["data"]
    seed, options = 0, {}
    named = place in catalog.datasets
    same = config is not None and (
        known.get("place") == (place if named else os.path.abspath(place))
    )
    if same and config is not None:
        seed, options = config.get("seed", 0), known.get("options", {})
    if same or named or os.path.isdir(place) or not os.path.exists(place):
        data = catalog.load(place, seed=seed, **options)
        which = f"its {len(data.x_test):,} held-out rows"
        return data.x_test, data.y_test, which
    x, y = inputs.read(place)
    if y is None:
        raise ArgumentError(
            "the file has no target to compare with",
            where=place,
            expected="a CSV file with the columns of the training, the target among them",
            fix="chainrule predict takes files without a target",
        )
    return x, y, f"all {len(x):,} rows"


def _class_names(config: dict[str, Any] | None, outputs: int) -> list[str] | None:
    """Names of the classes; numbers where no file knows them; None for values."""
    if config is None:
        return None if outputs == 1 else [str(i) for i in range(outputs)]
    names = config["data"]["class_names"]
    return names if names is None else [*names, *map(str, range(len(names), outputs))]


def _predict(a: argparse.Namespace) -> int:
    import numpy as np

    model, config = _open(a.model)
    inputs = _inputs(model, config, a.model)
    x, _ = inputs.read(a.file, a.scaled)
    if inputs.divide_by > 1 and not a.scaled and np.abs(x).max() * inputs.divide_by <= 1:
        print(
            f"chainrule: no number is above 1, but all are divided by {inputs.divide_by:g} as in "
            "training; --scaled takes them as they are",
            file=sys.stderr,
        )
    y = model.predict(x, engine=a.engine).reshape(len(x), -1)
    names = _class_names(config, y.shape[1])
    if a.out:
        _write_answers(a.out, y, names)
        print(f"{len(y):,} rows written to {a.out}")
        return 0
    if names is None:
        print("row  value")
        for i, row in enumerate(y):
            print(f"{i + 1:<4} " + "  ".join(f"{value:.6g}" for value in row))
        return 0
    width = max(5, *map(len, names))
    print(f"row  {'class':{width}}  probability")
    for i, (best, share) in enumerate(zip(y.argmax(1), y.max(1), strict=True)):
        print(f"{i + 1:<4} {names[best]:{width}}  {share:8.2%}".replace("%", " %"))
    return 0


def _write_answers(path: str, y: Any, names: list[str] | None) -> None:
    import csv
    import io

    from .storage import write_atomically

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if names is None:
        writer.writerow(["row", *(["value"] if y.shape[1] == 1 else range(y.shape[1]))])
        writer.writerows([i + 1, *map(float, row)] for i, row in enumerate(y))
    else:
        writer.writerow(["row", "class", "probability", *(f"p({name})" for name in names)])
        for i, row in enumerate(y):
            best = int(row.argmax())
            writer.writerow([i + 1, names[best], float(row[best]), *map(float, row)])
    write_atomically(path, text.getvalue().encode())


def _summary(a: argparse.Namespace) -> int:
    model, config = _open(a.model)
    model.summary()
    setting = model.get_compile_config()
    if setting:
        optimizer, loss = setting["optimizer"], setting["loss"]
        print(f" Optimizer: {_name(optimizer)}, loss: {_name(loss)}")
    if config is not None:
        names = config["data"]["class_names"]
        print(f" Trained on: {config['data'].get('name')}, {config['data'].get('scale')}")
        if names is not None:
            print(f" Classes: {', '.join(names[:20])}" + (", ..." if len(names) > 20 else ""))
        test = (config.get("results") or {}).get("test")
        if test:
            rows = config["results"].get("test_rows", 0)
            print(f" When trained: {_say_results(test, rows)}")
    return 0


def _name(part: Any) -> str:
    return part["class_name"] if isinstance(part, dict) else str(part)


# --- datasets, doctor ----------------------------------------------------------------------------


def _datasets(a: argparse.Namespace) -> int:
    from .data import catalog

    rows = [("name", "rows", "features", "task", "what")]
    for name in catalog.datasets:
        if name == "mnist":  # looking must not download it
            rows.append((name, "60000 + 10000", "28 × 28", "10 classes",
                         "Handwritten digits of 28 × 28 pixels."))  # fmt: skip
            continue
        data = catalog.load(name)
        classes = data.class_names
        count = str(len(data.x_train))
        if data.x_test is not data.x_train:
            count += f" + {len(data.x_test)}"
        rows.append((name, count, " × ".join(map(str, data.feature_shape)),
                     "regression" if classes is None else f"{len(classes)} classes",
                     data.description))  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join([*(f"{c:{w}}" for c, w in zip(row, widths, strict=False)), row[4]]))
    print(
        "\nrows: to train + held out. Also: a folder with train.csv (and test.csv) or with MNIST's "
        "four files, or a CSV file."
    )
    return 0


def _doctor(a: argparse.Namespace) -> int:
    """Look at everything; each line is `name  finding`, a broken thing says so."""
    import platform

    from . import config, report
    from .training.engine import choose_engine, jax_module, why_engine

    broken: list[str] = []

    def line(name: str, text: object) -> None:
        print(f"{name:12}  {text}", flush=True)

    for name, version in report.versions().items():
        line(name, version)
    line("platform", f"{platform.system()} {platform.release()}, {platform.machine()}")
    line("cores", _cores())
    line("BLAS", _blas())
    try:
        engine = choose_engine(None)
        line("engine", f"{engine} ({why_engine(None, engine)})")
        jax = jax_module()
        if jax is not None:
            line("devices", ", ".join(str(device) for device in jax.devices()))
            if jax.__version__.startswith("0.11.1"):
                line("hint", "jax 0.11.1 copies whole buffers in some loops (jax issue 40101): "
                     "another version is faster")  # fmt: skip
        line("self test", _self_test(engine))
    except ChainruleError as error:
        broken.append(str(error))
    except Exception as error:  # a broken JAX or driver raises whatever it likes
        broken.append(f"the engine does not start: {type(error).__name__}: {error}")
    line("cache", f"{config.cache_dir()}, {_size(config.cache_dir())}")
    for name, extra, purpose in (
        ("matplotlib", "viz", "pictures"),
        ("pooch", "data", "downloads"),
        ("pyarrow", "data", "Parquet files"),
        ("PIL", "data", "image files"),
    ):
        import importlib.util

        way = f'not installed; for {purpose}: pip install "chainrule[{extra}]"'
        line(name, way if importlib.util.find_spec(name) is None else "installed")
    if _new_amd() and not os.environ.get("OPENBLAS_CORETYPE"):
        line("hint", "OPENBLAS_CORETYPE=SKYLAKEX in the environment makes the NumPy engine faster: "
             "this AMD processor has AVX-512, OpenBLAS takes AVX2")  # fmt: skip
    for text in broken:
        line("BROKEN", text)
    return 1 if broken else 0


def _cores() -> str:
    total = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    return f"{usable} usable of {total}"


def _blas() -> str:
    import numpy as np

    try:
        found: Any = np.show_config(mode="dicts")
        blas = found["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        return "unknown"


def _self_test(engine: str) -> str:
    """One training step on the engine in use and on NumPy must agree."""
    import numpy as np

    from .layers import Dense, Input
    from .models import Sequential
    from .utils import set_random_seed

    x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(16, 4)
    found = []
    for name in ("numpy", engine):
        set_random_seed(0)
        model = Sequential([Input((4,)), Dense(8, "tanh"), Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, np.arange(16) % 3, batch_size=8, verbose=0, engine=name)
        found.append(model.predict(x, engine=name))
    difference = float(np.abs(found[0] - found[1]).max())
    if difference > 1e-4:
        raise FileError(f"{engine} and numpy disagree by {difference:.3g}", where="self test")
    return f"an epoch on {engine} agrees with numpy to {difference:.1g}"


def _size(folder: str) -> str:
    total = count = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.path.getsize(os.path.join(place, name))
                count += 1
            except OSError:
                continue  # removed meanwhile
    return f"{total / 2**20:.1f} MiB in {count} files" if count else "empty"


def _new_amd() -> bool:
    if sys.platform != "linux":
        return False
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            text = file.read(20_000)
    except OSError:
        return False
    return "AuthenticAMD" in text and "avx512f" in text
