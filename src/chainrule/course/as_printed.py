"""Rules as deck 001 prints them, by name, to be compared with the right ones. Never defaults.

`compile(optimizer="deck-001-momentum")`, `"deck-001-rmsprop"`, `"deck-001-adam"`, and
`compile(loss="deck-001-cce")`. `as_printed("momentum")` runs one beside the right rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import losses, ops, optimizers
from ..derivatives import value_and_grad
from ..errors import UnknownNameError, did_you_mean
from ..losses import BuiltinLoss, binary_crossentropy, categorical_crossentropy, fit_shapes
from ..optimizers import SGD, Adam, MovingAverageMomentum, Optimizer, RMSprop, RMSpropOutside
from ..optimizers.arithmetic import FRACTION, is_fraction
from ..terminal import fold
from ..variable import Variable
from .text import WIDTH, show_value, table

__all__ = ["AsPrinted", "Deck001Adam", "Deck001CCE", "PrintedRow", "as_printed", "deck_001_cce"]

_STEPS = 5


@optimizers.register("deck-001-adam")
class Deck001Adam(Optimizer):
    """Adam as deck 001 prints it (erratum E13): β₁ also for v, no ε, a rate of .0001.

        m ← β₁m + (1 − β₁)g
        v ← β₁v + (1 − β₁)g²
        m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₁ᵗ)
        w ← w − rate·m̂/√v̂

    For comparison only: `Adam` is the rule of Kingma and Ba. β₂, .999 on the slide, appears in no
    formula there. A number whose gradient has always been 0 becomes 0/0: that is what ε is for.

    Args:
        learning_rate: a number (.0001) or a schedule.
        beta_1: how much of both averages is kept (.9), from 0 up to but without 1.
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([1.0], name="w")
        >>> Deck001Adam(0.1).apply([np.array([5.0], np.float32)], [w])  # m̂/√v̂ is 1 at first
        >>> w.numpy().round(4)
        array([0.9], dtype=float32)
    """

    slot_names = ("momentum", "velocity")

    def __init__(self, learning_rate: Any = 0.0001, beta_1: float = 0.9, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(FRACTION, is_fraction, beta_1=beta_1)
        self.beta_1 = beta_1

    elementwise = True

    def update(self, w: Any, g: Any, m: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_1 * v + (1 - self.beta_1) * (g * g)
        c = 1 - self.beta_1**t
        return w - rate * (m / c) / ops.sqrt(v / c), m, v


def deck_001_cce(y_true: Any, y_pred: Any) -> Any:
    """−Σ(t ln y + (1 − t) ln(1 − y)) over the classes: deck 001's CCE (erratum E9).

    For comparison only: the cross-entropy of a softmax is −Σ t ln y. The added half counts the
    other classes a second time. Without logits y is kept ε away from 0 and 1.

    Example:
        >>> round(float(deck_001_cce([[0.0, 1.0]], [[0.75, 0.25]])[0]), 6)  # 2 ln 4
        2.772589
    """
    t, y = fit_shapes(y_true, y_pred)
    return float(y.shape[-1]) * binary_crossentropy(t, y)  # which is a mean over the classes


@losses.register("deck-001-cce")
class Deck001CCE(BuiltinLoss):
    """Deck 001's categorical cross-entropy (erratum E9), its mean over the samples.

    For comparison only: `CategoricalCrossentropy` is the right one.

    Example:
        >>> round(float(Deck001CCE()([[0.0, 1.0]], [[0.75, 0.25]])), 6)
        2.772589
    """

    function = staticmethod(deck_001_cce)


class PrintedRow(NamedTuple):
    """One number of both rules.

    Attributes:
        label: what it is.
        printed: by the deck's rule.
        right: by the right one.

    Example:
        >>> row = as_printed("momentum").lines()[4]
        >>> row.label, round(row.printed, 6), round(row.right, 6)
        ('w after step 5', -0.013144, -0.131441)
    """

    label: str
    printed: Any
    right: Any


class AsPrinted:
    """A rule as a deck prints it beside the right one.

    Attributes:
        name: in `as_printed(name)`.
        use: the name for `compile`.
        deck: where it stands.
        erratum: the erratum that speaks of it.
        says: the deck's rule.
        right: the right one.
        effect: what the difference does, in a sentence.

    Example:
        >>> as_printed("adam").use
        'deck-001-adam'
    """

    def __init__(
        self,
        name: str,
        erratum: str,
        says: str,
        right: str,
        effect: str,
        run: Callable[[], Sequence[tuple[str, Any, Any]]],
    ) -> None:
        self.name, self.use, self.deck = name, f"deck-001-{name}", "001"
        self.erratum, self.says, self.right, self.effect = erratum, says, right, effect
        self._run = run

    def lines(self) -> list[PrintedRow]:
        """Both rules, run now on the same gradients."""
        return [PrintedRow(*row) for row in self._run()]

    def __str__(self) -> str:
        rows = [(r.label, show_value(r.printed), show_value(r.right)) for r in self.lines()]
        told = [
            f"{self.use}  deck {self.deck}, {self.erratum}",
            f"  deck    {self.says}",
            f"  right   {self.right}",
            f"  effect  {self.effect}",
            "",
            *table(("", "deck", "right"), rows, right={1, 2}),
        ]
        return "\n".join(fold(line, WIDTH) for line in told)

    def __repr__(self) -> str:
        return f"AsPrinted({self.name!r})"


def _way(optimizer: Optimizer, gradients: Sequence[float]) -> list[float]:
    """Where a weight that begins at 0 stands after each of these gradients."""
    w, found = Variable(np.zeros(()), name="w", dtype="float64"), []
    with np.errstate(all="ignore"):  # a NaN is what is to be seen
        for g in gradients:
            optimizer.apply([np.array(float(g))], [w])
            found.append(float(w.numpy()))
    return found


def _steps(
    printed: Optimizer, right: Optimizer, gradients: Sequence[float], more: str = ""
) -> list[tuple[str, Any, Any]]:
    both = zip(_way(printed, gradients), _way(right, gradients), strict=True)
    return [(f"w after step {k}{more}", a, b) for k, (a, b) in enumerate(both, 1)]


def _momentum() -> list[tuple[str, Any, Any]]:
    def steady(optimizer: Optimizer) -> float:
        way = _way(optimizer, [1.0] * 200)
        return way[-1] - way[-2]

    def pair() -> tuple[Optimizer, Optimizer]:
        return MovingAverageMomentum(0.01, 0.9), SGD(0.01, momentum=0.9)

    a, b = pair()
    return [*_steps(*pair(), [1.0] * _STEPS), ("the 200th step alone", steady(a), steady(b))]


def _rmsprop() -> list[tuple[str, Any, Any]]:
    def pair() -> tuple[Optimizer, Optimizer]:
        return RMSpropOutside(0.01, 0.9, 1e-6), RMSprop(0.01, 0.9)

    a, b = pair()
    (first,), (other,) = _way(a, [1.0]), _way(b, [1.0])
    return [
        ("first step / rate", -first / 0.01, -other / 0.01),
        *_steps(*pair(), [1.0] * _STEPS),
        *_steps(*pair(), [1e-6] * 2, ", gradients of 1e-6"),
    ]


def _adam() -> list[tuple[str, Any, Any]]:
    gradients, rate = (1.0, 10.0, *[1.0] * 28), 0.001
    deck, right = ([0.0, *_way(o, gradients)] for o in (Deck001Adam(rate), Adam(rate)))
    rows: list[tuple[str, Any, Any]] = []
    for k in (1, 2, 3, 10, 20, 30):
        steps = [(way[k - 1] - way[k]) / rate for way in (deck, right)]
        rows.append((f"step {k} / rate, gradients 1 10 1 1 1 ...", steps[0], steps[1]))
    first = _way(Deck001Adam(), [1.0])[0], _way(Adam(), [1.0])[0]
    none = _way(Deck001Adam(), [0.0])[0], _way(Adam(), [0.0])[0]
    said = ["NaN" if np.isnan(v) else show_value(v) for v in none]
    return [
        *rows,
        ("first step with the default rate", *first),
        ("w after a gradient of 0", said[0], said[1]),
    ]


def _cce() -> list[tuple[str, Any, Any]]:
    t, start, rate = np.array([[1.0, 0.0, 0.0]]), np.array([[1.6, 0.55, 0.98]]), 1.0

    def loss(function: Any) -> Any:
        return value_and_grad(lambda z: ops.sum(function(t, ops.softmax(z))))

    both = [loss(deck_001_cce), loss(categorical_crossentropy)]
    (deck, d_deck), (right, d_right) = (f(start) for f in both)
    rows: list[tuple[str, Any, Any]] = [
        ("loss of softmax(1.6, .55, .98), class 1", float(deck), float(right))
    ]
    rows += [(f"∂loss/∂z{k + 1}", float(d_deck[0, k]), float(d_right[0, k])) for k in range(3)]
    z = [start, start]
    for step in range(1, 4):
        z = [a - rate * f(a)[1] for f, a in zip(both, z, strict=True)]
        p, q = (float(ops.softmax(a)[0, 0]) for a in z)
        rows.append((f"p(class 1) after step {step} of z − ∂loss/∂z", p, q))
    return rows


_ALL = (
    AsPrinted(
        "momentum",
        "E11",
        "v = βv + (1 − β)dw;  W = W − αv   (α .01, β .9)",
        "v = βv − αg;  w = w + v   (SGD(momentum=0.9), as Keras and PyTorch)",
        "a moving average: the steady step is α·g, not 10·α·g; with the same α it learns ten times "
        "slower.",
        _momentum,
    ),
    AsPrinted(
        "rmsprop",
        "E12",
        "W = W − α·dw/(√v + ε)   (α .01, β .9, ε .000001)",
        "w = w − α·g/√(v + ε)   (RMSprop as Keras; PyTorch has the deck's place of ε)",
        "the same but for gradients near ε. Neither corrects the start at 0: the first step is "
        "1/√.1 = 3.16 times α.",
        _rmsprop,
    ),
    AsPrinted(
        "adam",
        "E13",
        "v = β₁v + (1 − β₁)g²;  w = w − η·m̂/√v̂   (η .0001)",
        "v = β₂v + (1 − β₂)g²;  ε beside the root   (Adam; rate .001, β₂ .999)",
        "v forgets a large gradient within tens of steps, not thousands: it hardly damps what "
        "follows. Without ε a gradient of 0 is 0/0.",
        _adam,
    ),
    AsPrinted(
        "cce",
        "E9",
        "−(1/N)ΣΣ(y ln ŷ + (1 − y) ln(1 − ŷ))",
        "−(1/N)ΣΣ y ln ŷ   (CategoricalCrossentropy)",
        "the other classes count twice: another loss, and a gradient that is not ŷ − y.",
        _cce,
    ),
)


def as_printed(name: str | None = None) -> Any:
    """The rules as printed, or one by name: "momentum", "rmsprop", "adam", "cce".

    Printing one runs it beside the right rule on the same gradients.

    Raises:
        UnknownNameError: there is no such rule.

    Example:
        >>> print(as_printed("rmsprop"))
        deck-001-rmsprop  deck 001, E12
          deck    W = W − α·dw/(√v + ε)   (α .01, β .9, ε .000001)
          right   w = w − α·g/√(v + ε)   (RMSprop as Keras; PyTorch has the deck's place
                  of ε)
          effect  the same but for gradients near ε. Neither corrects the start at 0: the
                  first step is 1/√.1 = 3.16 times α.
        <BLANKLINE>
                                                    deck         right
          first step / rate                      3.16227       3.16228
          w after step 1                      -0.0316227    -0.0316228
          w after step 2                      -0.0545642    -0.0545643
          w after step 3                      -0.0737736    -0.0737738
          w after step 4                      -0.0908259    -0.0908261
          w after step 5                       -0.106453     -0.106453
          w after step 1, gradients of 1e-6  -0.00759747  -3.16228e-05
          w after step 2, gradients of 1e-6   -0.0145618  -6.32455e-05
    """
    if name is None:
        return list(_ALL)
    word = str(name).lower().removeprefix("deck-001-")
    found = next((rule for rule in _ALL if rule.name == word), None)
    if found is None:
        names = [rule.name for rule in _ALL]
        raise UnknownNameError(
            f"no rule {name!r} is kept as printed", fix=did_you_mean(word, names)
        )
    return found
