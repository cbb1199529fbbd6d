"""The exercises by name."""

from __future__ import annotations

from typing import Any

from ..errors import UnknownNameError, did_you_mean
from .base import Exercise
from .tasks.backpropagation import backpropagation
from .tasks.chain_rule import chain_rule
from .tasks.convolution import convolution
from .tasks.derivatives import derivatives
from .tasks.find_the_rate import find_the_rate
from .tasks.gates import and_gate, or_gate
from .tasks.gradient_descent import gradient_descent
from .tasks.mnist_from_scratch import mnist_from_scratch
from .tasks.neural_network import neural_network
from .tasks.perceptron_rule import perceptron_rule
from .tasks.run_learn_repeat import run_learn_repeat
from .tasks.softmax_cross_entropy import softmax_cross_entropy

__all__ = ["exercise", "exercises", "find"]

_ALL: dict[str, Exercise] = {
    e.name: e
    for e in (
        and_gate,
        or_gate,
        derivatives,
        chain_rule,
        perceptron_rule,
        gradient_descent,
        find_the_rate,
        backpropagation,
        neural_network,
        softmax_cross_entropy,
        convolution,
        mnist_from_scratch,
        run_learn_repeat,
    )
}


def exercises() -> list[Exercise]:
    """All exercises, in the order in which a course meets them.

    Example:
        >>> import chainrule as cr
        >>> [e.name for e in cr.exercises.exercises()][:3]
        ['and_gate', 'or_gate', 'derivatives']
    """
    return list(_ALL.values())


def find(name: Any) -> Exercise | None:
    """The exercise of this name, or None; `-` and capitals are no difference.

    Example:
        >>> find("AND-gate")
        Exercise('and_gate', 'AND by hand: weights, a threshold Θ', 10 points)
    """
    return _ALL.get(str(name).lower().replace("-", "_").removesuffix(".py"))


def exercise(name: Any) -> Exercise:
    """The exercise of this name.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> import chainrule as cr
        >>> cr.exercises.exercise("backpropagation").points
        16
        >>> cr.exercises.exercise("backprop")
        Traceback (most recent call last):
        ...
        chainrule.errors.UnknownNameError: unknown exercise 'backprop'
          fix: did you mean 'backpropagation'?
    """
    found = find(name)
    if found is None:
        raise UnknownNameError(f"unknown exercise {name!r}", fix=did_you_mean(name, list(_ALL)))
    return found
