"""Which numbers of a sheet are asked for, and under which labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import ArgumentError, choose, did_you_mean
from ..explanation.digits import Digits
from ..explanation.forms.blanks import letters
from ..explanation.formula import Style
from .rounding import LEAST
from .sheet import Sheet, Step
from .working import Network

__all__ = ["ASK", "Question", "chosen", "part_of", "to_digits"]

ASK = ("short", "all", "forward", "loss", "backward", "update", "after")
_PARTS = {"net": "forward", "out": "forward", "loss": "loss", "mean": "loss", "new": "update"}
FEW = 4  # parameters up to which each is asked for in a short quiz


class Question(NamedTuple):
    """One number that is asked for.

    Attributes:
        label: "a", "b", … as it stands on the sheet.
        key: how it is asked for on a keyboard: `w5.gradient`, `w5.new`, `net_h1`, `delta_o1`.
        name: in the notation: `∂J/∂w5`.
        formula: in symbols.
        part: "forward", "loss", "backward", "update" or "after".
        points: that it is worth.
        digits: significant digits that an answer needs: three, for a new weight often more.

    Example:
        >>> import chainrule as cr
        >>> print(cr.quiz("004").questions[0])
        (a) net_h1 = w1·i1 + w2·i2 + b1
    """

    label: str
    key: str
    name: str
    formula: str
    part: str
    points: float = 1
    digits: int = LEAST

    def __str__(self) -> str:
        return f"({self.label}) {self.name} = {self.formula}"


def to_digits(low: int, high: int | None = None) -> str:
    """How many digits are needed, where it is more than three: " to 6 digits", or "".

    Example:
        >>> to_digits(6), to_digits(4, 6), to_digits(3)
        (' to 6 digits', ' to 4-6 digits', '')
    """
    high = low if high is None else high
    if high <= LEAST:
        return ""
    return f" to {low} digits" if low == high else f" to {low}-{high} digits"


def part_of(step: Step) -> str:
    """The part of the explanation that a number stands in."""
    return "after" if step.again else _PARTS.get(step.role, "backward")


def chosen(net: Network, sheet: Sheet, ask: str | Sequence[str]) -> tuple[Question, ...]:
    """The questions, in the order of working.

    Raises:
        ArgumentError: a part or a number that there is not, or no question at all.
    """
    steps = sheet.steps.values()
    if isinstance(ask, str):
        if ask not in ASK:
            raise choose("ask", ask, ASK, where="quiz")
        wanted = {s.name for s in steps if _asked(net, s, ask)}
    else:
        wanted = set()
        for name in ask:
            part = name in ASK
            wanted |= {s.name for s in steps if _asked(net, s, name)} if part else {
                find(sheet, name)
            }  # fmt: skip
    style = Style(Digits(9))
    picked = [s for s in steps if s.name in wanted]
    if not picked:
        raise ArgumentError(
            "there is nothing to ask for", where="quiz", received=f"ask={ask!r}",
            fix="plain SGD has an update that can be asked for; or ask='short'",
        )  # fmt: skip
    return tuple(
        Question(letters(k), s.key, s.name, s.formula.write(style), part_of(s))
        for k, s in enumerate(picked)
    )


def find(sheet: Sheet, name: str) -> str:
    """The name of a number from its name or its key."""
    if name in sheet.steps:
        return name
    for step in sheet.steps.values():
        if step.key == name:
            return step.name
    keys = [s.key for s in sheet.steps.values()]
    raise ArgumentError(
        "there is no such number to ask for", where="quiz", received=repr(name),
        fix=did_you_mean(name, keys),
    )  # fmt: skip


def _asked(net: Network, step: Step, ask: str) -> bool:
    if step.same and step.role == "delta":  # another name of the number before
        return False
    if ask != "short":
        return ask == "all" or part_of(step) == ask
    if step.again or step.role in ("slope", "arriving"):
        return False
    if step.role == "error":  # where the unit is linear its δ is this
        return net.layers[-1].linear
    if step.role in ("gradient", "new"):
        return _few(net, step)
    return True


def _few(net: Network, step: Step) -> bool:
    """Of each layer the first weight and the first bias that is trained, or all of few."""
    layer = net.layers[step.layer - 1]
    name = step.name.partition("/∂")[2] if step.role == "gradient" else step.name[4:]
    own = [row[j] for j in range(len(layer.net)) for row in layer.kernel]
    bias = [b for b in dict.fromkeys(layer.bias) if b in layer.trained]
    every = sum(len(of.kernel) * len(of.net) + len(set(of.bias)) for of in net.layers)
    if every <= FEW:
        return True
    return name == own[0] or (bool(bias) and name == bias[0])
