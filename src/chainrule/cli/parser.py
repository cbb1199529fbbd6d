"""The commands with their arguments and their help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from ..config import ENGINES
from ..errors import ArgumentError, did_you_mean
from ..terminal import fold
from .course import COURSE_EXAMPLES, add_course_commands, course
from .doctor import doctor
from .exercise import (
    EXERCISE_EXAMPLES,
    GRADE_EXAMPLES,
    add_exercise_options,
    add_grade_options,
    exercise,
    grade,
)
from .experiment import RANGE_EXAMPLES, SWEEP_EXAMPLES, add_range_options, add_sweep_options
from .experiment import range_test as try_rates
from .experiment import sweep as try_settings
from .explain import EXAMPLES as EXPLAIN_EXAMPLES
from .explain import add_explain_options, explain
from .list_datasets import list_datasets
from .plot import PLOT_EXAMPLES, add_plot_options, plot
from .quiz import QUIZ_EXAMPLES, add_quiz_options, quiz
from .train import train
from .train_options import add_train_options
from .use_model import evaluate, predict, summary

__all__ = ["make_parser"]

_EXAMPLES = """examples:
  chainrule train digits         98 % in a few seconds
  chainrule train moons --hidden 8 --activation tanh
  chainrule train people.csv --target income
  chainrule range digits         which learning rate to begin with
  chainrule sweep moons --units 8,16 --rate .1,.01
  chainrule explain --deck 004   a backward pass, every number worked
  chainrule quiz 004             the same, asked
  chainrule datasets             what can be trained on by name
  chainrule course               the decks' examples, and where a deck is wrong
  chainrule plot                 the decks' figures: surface, paths, activations ...
  chainrule doctor               versions, engine, what to mend
"""


_TRAIN_EXAMPLES = """

While it trains, Ctrl-C (or SIGTERM) finishes the step and saves what there is; a second one \
aborts at once. \
Checkpoints are written meanwhile: --resume RUN goes on, also after a crash. \
The weights of the epoch with the best validation loss are kept.

examples:
  chainrule train digits
  chainrule train mnist --hidden 512,512 --dropout 0.2 --epochs 12
  chainrule train digits --model lenet5
  chainrule train people.csv --target income --missing drop --patience 5
  chainrule train wine.csv --delimiter ';' --task regression --hidden 32
  chainrule train --resume runs/digits-20260314-150926
"""


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are ours: one form for every message."""

    def error(self, message: str) -> Any:
        raise ArgumentError(message, where=self.prog, fix=f"{self.prog} --help shows what it takes")

    def _check_value(self, action: Any, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            raise ArgumentError(
                f"{value!r} does not exist",
                where=self.prog,
                fix=did_you_mean(value, list(action.choices)),
            )
        super()._check_value(action, value)

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:  # argparse would not say when it cannot be written
            (file or sys.stderr).write(message)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Tables and examples keep their lines; those that are too wide break between words."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return super()._fill_text(fold(text, width), width, indent)


def make_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of the whole line, and those of the commands by name."""
    from ..version import __version__
    from ..workflow.recipes import recipe_table

    style: dict[str, Any] = {
        "formatter_class": _Formatter,
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

    add_train_options(
        command(
            "train",
            train,
            "Train a network and write a run folder.",
            recipe_table() + _TRAIN_EXAMPLES,
        )
    )

    _add_experiments(command)
    _add_uses(command)
    add_explain_options(
        command("explain", explain, "A training step as a worked solution, number by number.",
                EXPLAIN_EXAMPLES)
    )  # fmt: skip
    add_quiz_options(
        command("quiz", quiz, "Questions about a training step: asked here, or set as worksheets "
                "and marked.", QUIZ_EXAMPLES)
    )  # fmt: skip
    command("datasets", list_datasets, "Data that can be trained on by name.",
            "example:\n  chainrule train spirals")  # fmt: skip
    add_course_commands(
        command(
            "course",
            course,
            "Guided lessons, the decks' worked examples beside their slides, errata.",
            COURSE_EXAMPLES,
        ),
        style,
    )
    add_plot_options(
        command("plot", plot, "The decks' figures, from computed numbers, as SVG, PNG, PDF or GIF.",
                PLOT_EXAMPLES)
    )  # fmt: skip
    add_exercise_options(
        command("exercise", exercise, "The decks' exercises: lists them, or writes one to fill in.",
                EXERCISE_EXAMPLES)
    )  # fmt: skip
    add_grade_options(
        command("grade", grade, "Marks filled-in exercises, part by part with the reason.",
                GRADE_EXAMPLES)
    )  # fmt: skip
    command("doctor", doctor, "Versions, engine, devices and what to mend; status 1 when "
            "something is broken.", "example:\n  chainrule doctor")  # fmt: skip
    return parser, dict(commands.choices)


def _add_experiments(command: Callable[..., Any]) -> None:
    """What is tried before a model is trained."""
    add_range_options(
        command("range", try_rates, "Which learning rate: it rises every batch, the loss shows.",
                RANGE_EXAMPLES)
    )  # fmt: skip
    add_sweep_options(
        command("sweep", try_settings, "Compare learning rates, sizes, dropout, batch sizes.",
                SWEEP_EXAMPLES)
    )  # fmt: skip


def _add_uses(command: Callable[..., Any]) -> None:
    """What is done with a trained model."""
    p = command("evaluate", evaluate, "Loss and accuracy of a model on data.",
                "examples:\n  chainrule evaluate runs/digits-20260314-150926 digits\n"
                "  chainrule evaluate runs/people-20260314-150926 other-people.csv")  # fmt: skip
    _model_argument(p)
    p.add_argument("data", metavar="DATA", help="a name, a folder or a CSV file with its target; "
                   "for the data of the training, the held-out rows are taken")  # fmt: skip
    p.add_argument("--out", metavar="FOLDER", help="also draw the pictures into this folder")
    _table_options(p)
    _engine_option(p, "numpy", "NumPy starts at once")

    p = command("predict", predict, "The class and its probability, or the value, for each row.",
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
    _table_options(p)
    p.add_argument("--scaled", action="store_true", help="the numbers are scaled already")
    _engine_option(p, "numpy", "NumPy starts at once")

    p = command("summary", summary, "The layers of a model and their parameters.",
                "example:\n  chainrule summary runs/digits-20260314-150926")  # fmt: skip
    _model_argument(p)


def _model_argument(p: Any) -> None:
    p.add_argument("model", metavar="MODEL", help="a run folder or a .safetensors file")


def _table_options(p: Any) -> None:
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")
    p.add_argument("--missing", choices=("drop", "error"), metavar="drop",
                   help="leave out rows of a CSV file with an empty cell or ? (as in training)"
                   )  # fmt: skip


def _engine_option(p: Any, default: str, why: str) -> None:
    p.add_argument("--engine", default=default, metavar="NAME",
                   help=f"{', '.join(ENGINES)} (default: {default}; {why})")  # fmt: skip
