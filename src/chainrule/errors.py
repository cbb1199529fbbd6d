"""Every message of ours is built here: where, what, expected, received, how to fix.

An error that only says *what* went wrong sends its reader searching. Each class below takes the
same five parts and renders them the same way, so that a message looks alike everywhere and a test
can compare its text.

Example:
    >>> raise ShapeError("the input has the wrong size", where="Dense 'hidden'",
    ...                  expected="(batch, 64)", received="(32, 10)", fix="give 64 features")
    Traceback (most recent call last):
    ...
    chainrule.errors.ShapeError: Dense 'hidden': the input has the wrong size
      expected: (batch, 64)
      received: (32, 10)
      fix: give 64 features
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

__all__ = [
    "ArgumentError",
    "CallError",
    "ChainruleError",
    "DataError",
    "FileError",
    "GradientError",
    "MissingExtraError",
    "NonFiniteError",
    "NotBuiltError",
    "ShapeError",
    "StateError",
    "UnknownAttributeError",
    "UnknownImportError",
    "UnknownModuleError",
    "UnknownNameError",
    "caller",
    "choose",
    "did_you_mean",
    "incomplete_rule",
    "missing_extra",
    "not_recorded",
    "place_of",
    "not_scalar",
    "taken_past",
]


class ChainruleError(Exception):
    """Base of every error raised on purpose by chainrule.

    Args:
        problem: what is wrong, as a sentence without a final full stop.
        where: the object, and where it was made or the row and column.
        expected: what would have been right.
        received: what was there instead.
        fix: the change that mends it.

    Each part is an attribute of the error too. The classes below are also Python's own kinds
    (ValueError, OSError, ...), so code that catches those keeps working.

    Example:
        >>> error = ChainruleError("the rate is negative", where="SGD", received=-1)
        >>> print(error)
        SGD: the rate is negative
          received: -1
        >>> error.problem
        'the rate is negative'
    """

    def __init__(
        self,
        problem: str,
        *,
        where: object = None,
        expected: object = None,
        received: object = None,
        fix: object = None,
    ) -> None:
        lines = [problem if where is None else f"{where}: {problem}"]
        parts = (("expected", expected), ("received", received), ("fix", fix))
        lines += [f"  {name}: {part}" for name, part in parts if part is not None]
        super().__init__("\n".join(lines))
        self.problem, self.where = problem, where
        self.expected, self.received, self.fix = expected, received, fix


class ArgumentError(ChainruleError, ValueError):
    """An argument has a value that makes no sense.

    Example:
        >>> import chainrule as cr
        >>> cr.optimizers.SGD(learning_rate="fast")
        Traceback (most recent call last):
        ...
        chainrule.errors.ArgumentError: ...
    """


class CallError(ArgumentError, TypeError):
    """An argument that is unknown, missing, given twice or one too many.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.Dense()
        Traceback (most recent call last):
        ...
        chainrule.errors.CallError: Dense: the argument 'units' is missing
          fix: Dense(units, ...)
    """


class ShapeError(ChainruleError, ValueError):
    """Shapes that do not fit together; raised before anything is computed.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.ops.matmul(np.ones((2, 3)), np.ones((4, 2)))
        Traceback (most recent call last):
        ...
        chainrule.errors.ShapeError: ...
    """


class DataError(ChainruleError, ValueError):
    """Data that must not reach a network: NaN, labels out of range, lengths that differ.

    Example:
        >>> import chainrule as cr
        >>> cr.utils.to_categorical([0, 5], num_classes=3)
        Traceback (most recent call last):
        ...
        chainrule.errors.DataError: x, row 1: a label is outside the classes
          expected: 0 to 2, for 3 classes
          received: 5 (1 such labels: [5])
          fix: give a larger num_classes
    """


class UnknownNameError(ChainruleError, ValueError):
    """A name that is in no table, with the nearest ones that are.

    Example:
        >>> import chainrule as cr
        >>> cr.losses.get("mean_square_error")
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownNameError: unknown loss 'mean_square_error'
          fix: did you mean 'MeanSquaredError'?
    """


class UnknownAttributeError(ChainruleError, AttributeError):
    """A module of ours was asked for a name that it has not.

    Example:
        >>> import chainrule as cr
        >>> cr.layers.Desne
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownAttributeError: cr.layers: there is no 'Desne'
          fix: did you mean 'Dense'?
    """

    def __init__(self, problem: str, *, fix: object = None, **about: Any) -> None:
        super().__init__(problem, **about)
        self.name = ""  # where it is set, Python does not add a guess of its own to our words
        self._fix = fix

    @property
    def fix(self) -> object:
        """The change that mends it; searched for when it is read, so that `hasattr` is quick."""
        return self._fix() if callable(self._fix) else self._fix

    @fix.setter
    def fix(self, value: object) -> None:
        self._fix = value

    def __str__(self) -> str:
        fix = self.fix
        return str(self.args[0]) if fix is None else f"{self.args[0]}\n  fix: {fix}"


class UnknownImportError(ChainruleError, ImportError):
    """The same, in `from chainrule.layers import ...`.

    Example:
        >>> from chainrule.layers import Desne
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownImportError: cr.layers: there is no 'Desne'
          fix: did you mean 'Dense'?
    """


class UnknownModuleError(ChainruleError, ModuleNotFoundError):
    """The same, in `import chainrule.nn`.

    Example:
        >>> import chainrule.nn
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownModuleError: cr: here it is called cr.layers
          received: 'nn'
    """


class FileError(ChainruleError, OSError):
    """A file that is missing, unreadable, damaged or not ours.

    Example:
        >>> import chainrule as cr
        >>> cr.load_model("nowhere.safetensors")
        Traceback (most recent call last):
        ...
        chainrule.errors.FileError: nowhere.safetensors: there is no such file
          fix: look at the folder and the extension .safetensors
    """

    def __str__(self) -> str:
        # OSError would print its two arguments as "[Errno ...]"
        return str(self.args[0])


class StateError(ChainruleError, RuntimeError):
    """A call that came at the wrong moment: fit before compile, backward before forward.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.Sequential([cr.layers.Dense(1)]).fit(np.zeros((2, 3)), np.zeros(2))
        Traceback (most recent call last):
        ...
        chainrule.errors.StateError: sequential: fit needs a loss and an optimizer
          fix: call model.compile(optimizer='adam', loss=...) first
    """


class NotBuiltError(StateError, AttributeError):
    """Something that is known only once a model is built; `hasattr` says that it is not there.

    Example:
        >>> import chainrule as cr
        >>> hasattr(cr.Sequential([cr.layers.Dense(1)]), "input_shape")
        False
    """


class NonFiniteError(ChainruleError, FloatingPointError):
    """A loss, gradient or weight is NaN or infinite; raised before anything changed.

    `fit` says which operation made the first such number; `TerminateOnNaN` ends it quietly.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> model = cr.Sequential([cr.Input((1,)), cr.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> model.fit(np.full((2, 1), 1e30), np.zeros(2), verbose=0, engine="numpy")
        Traceback (most recent call last):
        ...
        chainrule.errors.NonFiniteError: step 1 of this epoch: the loss or a gradient ...
    """

    batch: int | None = None  # of the epoch, counted from 0, where fit raises it


class GradientError(ChainruleError, AssertionError):
    """A derivative that is missing, or disagrees with central differences.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> @cr.op
        ... def cube(x):
        ...     return x**3, lambda d_y: d_y * 2 * x**2  # should be 3·x²
        >>> cr.gradcheck(cube, np.array([1.0, 2.0]))
        Traceback (most recent call last):
        ...
        chainrule.errors.GradientError: gradcheck of cube: argument 0 has a wrong derivative ...
    """


class MissingExtraError(ChainruleError, ImportError):
    """An optional library is not installed; the message holds the command that installs it.

    Example:
        >>> raise missing_extra("jax", "xla", "engine='xla'")
        Traceback (most recent call last):
        ...
        chainrule.errors.MissingExtraError: engine='xla' needs the library 'jax', ...
          fix: pip install "chainrule[xla]"
    """


def missing_extra(module: str, extra: str, purpose: str) -> MissingExtraError:
    """The error for an optional library that is not there.

    Example:
        >>> missing_extra("matplotlib", "viz", "a picture").fix
        'pip install "chainrule[viz]"'
    """
    return MissingExtraError(
        f"{purpose} needs the library {module!r}, which is not installed",
        fix=f'pip install "chainrule[{extra}]"',
    )


def not_recorded(where: str, problem: str = "the loss was not computed on this tape") -> StateError:
    """The error for the gradient of, or with respect to, something that stands on no tape.

    Example:
        >>> print(not_recorded("gradients"))
        gradients: the loss was not computed on this tape
          fix: compute the loss inside `with cr.record()`, from Variables or watched arrays
    """
    return StateError(
        problem,
        where=where,
        fix="compute the loss inside `with cr.record()`, from Variables or watched arrays",
    )


def not_scalar(where: str, shape: object) -> ShapeError:
    """The error for the gradient of something that is not a single number.

    Example:
        >>> not_scalar("gradients", (2, 3)).received
        'shape (2, 3)'
    """
    return ShapeError(
        "only a single number has a gradient",
        where=where,
        received=f"shape {tuple(shape)}",  # type: ignore[arg-type]
        fix="take the mean or sum, or use cr.vjp",
    )


def not_one_array(function: object, received: object) -> ShapeError:
    """For `vjp` of a function that returns a tuple, a string, nothing.

    Example:
        >>> print(not_one_array(divmod, (1, 2)))
        vjp of divmod: only a function that returns one array can be differentiated
          received: tuple
          fix: return one of them
    """
    return ShapeError(
        "only a function that returns one array can be differentiated",
        where=f"vjp of {getattr(function, '__name__', type(function).__name__)}",
        received=type(received).__name__,
        fix="return one of them",
    )


def incomplete_rule(operation: object, argument: int, found: object) -> GradientError:
    """The error for an operation whose `back` leaves out the gradient of a recorded argument.

    Example:
        >>> incomplete_rule("scale", 1, (None,)).problem
        '`back` has no gradient for argument 1'
    """
    received = "one array"
    if isinstance(found, tuple):
        received = "None" if argument < len(found) else f"a tuple of {len(found)}"
    return GradientError(
        f"`back` has no gradient for argument {argument}",
        where=f"operation {getattr(operation, '__name__', operation)!r}",
        expected="a tuple with one gradient for each positional argument, in their order",
        received=received,
        fix="return (d_a, d_b, ...); for an argument without a gradient call the operation with "
        "cr.stop_gradient(x)",
    )


def taken_past(activation: str) -> StateError:
    """The error for the gradient at an activation that a fused cross-entropy went past.

    Example:
        >>> taken_past("softmax").fix
        'keep softmax and cross-entropy apart: `with cr.record(fuse=False) as tape`'
    """
    return StateError(
        f"the cross-entropy was computed from the logits, past {activation!r}, whose output has "
        "no gradient of its own here",
        where="gradients",
        fix=f"keep {activation} and cross-entropy apart: `with cr.record(fuse=False) as tape`",
    )


_LISTED = 40  # names in a message; a table may have thousands of columns


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """`did you mean 'adam'?`, or the list of choices when nothing is near.

    A list keeps its order, but for the nearest name, which comes first; anything else is sorted.

    Example:
        >>> did_you_mean("adma", ["sgd", "adam"]), did_you_mean("x", ["sgd", "adam"])
        ("did you mean 'adam'?", 'use one of sgd, adam')
        >>> did_you_mean("price", ["x1", "x2", "x10", "prize_in_euros"])
        'use one of prize_in_euros, x1, x2, x10'
    """
    import difflib

    ordered = isinstance(choices, (list, tuple))
    known = list(dict.fromkeys(choices)) if ordered else sorted(set(choices))
    folded = {choice.lower(): choice for choice in known}
    word = str(name)[:100].lower()  # a name from a file may be as long as the file
    near = difflib.get_close_matches(word, folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    nearest = difflib.get_close_matches(word, folded, n=1, cutoff=0.35)
    shown = sorted(known, key=lambda choice: [choice] != [folded[w] for w in nearest])
    more = f" and {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
    return "use one of " + ", ".join(shown[:_LISTED]) + more


def choose(
    name: str, value: object, choices: Iterable[str], *, where: object = None
) -> ArgumentError:
    """The error for an argument that must be one of a few words.

    Example:
        >>> print(choose("mode", "maxx", ("min", "max"), where="EarlyStopping"))
        EarlyStopping: mode has an unknown value
          expected: one of 'min', 'max'
          received: 'maxx'
          fix: did you mean 'max'?
    """
    known = list(choices)
    return ArgumentError(
        f"{name} has an unknown value",
        where=where,
        expected="one of " + ", ".join(repr(choice) for choice in known),
        received=repr(value),
        fix=did_you_mean(value, known),
    )


def place_of(error: BaseException) -> str | None:
    """`file.py:12` of the innermost line outside installed libraries that led to an error.

    Example:
        >>> print(place_of(ValueError("never raised")))
        None
    """
    found, trace = None, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith(_HERE) and "site-packages" not in name and "<frozen" not in name:
            found = f"{os.path.basename(name)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def caller() -> str:
    """`file.py:12` of the nearest line outside this package: where a user made something.

    Example:
        >>> caller().rsplit(":", 1)[1].isdigit()
        True
    """
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_HERE) and not name.startswith("<frozen"):
            return f"{os.path.basename(name)}:{frame.f_lineno}"
        frame = frame.f_back
    return "chainrule"
