"""Optimizers that look at a weight as a whole: its norm, its rows and columns, its directions.

Defaults are Keras 3's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import xp
from ..variable import Variable
from .arithmetic import FRACTION, POSITIVE, as_real, is_fraction, is_positive, one_minus_power
from .base import Optimizer, register


def _norm(x: Any) -> Any:
    m = xp(x)
    return m.sqrt(m.sum(x * x))


def _root_mean_square(x: Any) -> Any:
    m = xp(x)
    return m.sqrt(m.mean(x * x))


@register
class Lamb(Optimizer):
    """Adam's direction, as long as the weight itself is, for large batches.  (You et al. 2020.)

        m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
        u = m/(1 − β₁ᵗ)/(√(v/(1 − β₂ᵗ)) + ε)
        w ← w − rate·|w|/|u|·u

    |·| is the norm of the whole weight; the quotient is 1 where one of them is 0. As in Keras,
    weight decay comes before (the paper has it inside u).

    Args:
        learning_rate: a number (.001) or a schedule.
        beta_1: how much of m is kept (.9), from 0 up to but without 1.
        beta_2: how much of v is kept (.999).
        epsilon: keeps the quotient finite (1e-7).
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([3.0, 4.0], name="w")
        >>> Lamb(0.1).apply([np.array([7.0, 0.0], np.float32)], [w])  # |w| = 5, u = (1, 0)
        >>> w.numpy().round(4)
        array([2.5, 4. ], dtype=float32)
    """

    slot_names = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need(FRACTION, is_fraction, beta_1=beta_1, beta_2=beta_2)
        self.need(POSITIVE, is_positive, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def update(self, w: Any, g: Any, m: Any, v: Any, *, rate: Any, t: Any) -> Any:
        """One step."""
        m = self.beta_1 * m + (1 - self.beta_1) * g
        v = self.beta_2 * v + (1 - self.beta_2) * (g * g)
        root = xp(v).sqrt(v / one_minus_power(self.beta_2, t))
        u = m / one_minus_power(self.beta_1, t) / (root + self.epsilon)
        long, short = _norm(w), _norm(u)
        both = (long > 0) & (short > 0)
        ratio = xp(u).where(both, long / xp(u).where(both, short, 1), 1)
        return w - rate * ratio * u, m, v


@register
class Adafactor(Optimizer):
    """Adam's second average kept as a row and a column.  (Shazeer and Stern 2018.)

        β = 1 − t^decay
        r ← βr + (1 − β)·mean over columns of (g² + ε₁)
        c ← βc + (1 − β)·mean over rows of (g² + ε₁)
        u = g/√(r·c/mean(r))
        w ← w − max(ε₂, RMS(w))·ρ·u/max(1, RMS(u)/d),   ρ = min(rate, 1/√t)

    A weight with fewer than two axes keeps v ← βv + (1 − β)(g² + ε₁) in place of r and c; one with
    more keeps r and c for its last two. RMS is the root of the mean square.

    Keras takes min(rate, 1/√t) also with `relative_step=False`; here that leaves ρ = rate, as its
    documentation says. Keras also stores the product r·c/mean(r), which is not needed.

    Args:
        learning_rate: a number (.001) or a schedule; the paper's is .01.
        beta_2_decay: the exponent in β (−.8), 0 or less.
        epsilon_1: keeps the quotient finite (1e-30).
        epsilon_2: the size that a weight near 0 is taken for (.001).
        clip_threshold: d, the largest root mean square of u (1).
        relative_step: whether the rate falls as 1/√t once that is smaller.
        weight_decay, clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([[1.0, 1.0]], name="w")
        >>> Adafactor(0.1).apply([np.array([[5.0, -5.0]], np.float32)], [w])
        >>> w.numpy().round(4)
        array([[0.9, 1.1]], dtype=float32)
    """

    slot_names = ("row", "column", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.need("a number of 0 or less", lambda v: v <= 0, beta_2_decay=beta_2_decay)
        self.need(POSITIVE, is_positive, epsilon_1=epsilon_1, epsilon_2=epsilon_2)
        self.need("a number above 0", lambda v: v > 0, clip_threshold=clip_threshold)
        self.beta_2_decay, self.clip_threshold = beta_2_decay, clip_threshold
        self.epsilon_1, self.epsilon_2 = epsilon_1, epsilon_2
        self.relative_step = bool(relative_step)

    def slots_for(self, variable: Variable) -> tuple[str, ...]:
        """Row and column, or the whole for a weight that has not both."""
        return ("row", "column") if len(variable.shape) >= 2 else ("velocity",)

    def first(self, name: str, variable: Variable) -> np.ndarray:
        """Zeros of the shape without its last axis, or its last but one."""
        shape = {"row": variable.shape[:-1], "column": variable.shape[:-2] + variable.shape[-1:]}
        return np.zeros(shape.get(name, variable.shape), variable.dtype)

    def update(self, w: Any, g: Any, *slots: Any, rate: Any, t: Any) -> Any:
        """One step."""
        m = xp(g)
        t = as_real(t)
        square, keep = g * g + self.epsilon_1, 1 - t**self.beta_2_decay
        if len(slots) == 2:
            row = (keep * slots[0] + (1 - keep) * square.mean(-1)).astype(w.dtype)
            column = (keep * slots[1] + (1 - keep) * square.mean(-2)).astype(w.dtype)
            share = row / row.mean(-1, keepdims=True)
            slots, v = (row, column), share[..., None] * column[..., None, :]
        else:
            v = (keep * slots[0] + (1 - keep) * square).astype(w.dtype)
            slots = (v,)
        u = g / m.sqrt(v)
        u = u / m.maximum(_root_mean_square(u) / self.clip_threshold, 1)
        if self.relative_step:
            rate = m.minimum(rate, t**-0.5)
        return w - m.maximum(_root_mean_square(w), self.epsilon_2) * rate * u, *slots


@register
class Muon(Optimizer):
    """Momentum whose directions all get the same length; for matrices.  (Jordan et al. 2024.)

        m ← μm + g
        u = g + μm with `nesterov`, else m
        w ← w − rate·rms_rate·√max(rows, columns)·O(u)

    O(u) makes all singular values of u nearly 1: u/|u|, then `ns_steps` times
    x ← ax + (b·xxᵀ + c·(xxᵀ)²)x, which needs no singular value decomposition.

    Every weight that has not just two axes gets Adam's step instead, as do embeddings and what
    `exclude_layers` names: the last Dense should be there.

    Args:
        learning_rate: a number (.001) or a schedule.
        adam_beta_1, adam_beta_2, epsilon: of Adam's step (.9, .999, 1e-7).
        adam_weight_decay: weight decay of those that get Adam's step (.004).
        weight_decay: that of the others (.004).
        exclude_layers: words; a matrix whose path holds one of them gets Adam's step.
        exclude_embeddings: whether matrices with "embedding" in their path get it too.
        muon_a, muon_b, muon_c: the polynomial's numbers (3.4445, −4.775, 2.0315).
        adam_lr_ratio: Adam's rate as a share of `learning_rate` (1).
        momentum: μ (.95), from 0 up to but without 1.
        ns_steps: how often the polynomial is taken (5).
        nesterov: whether the gradient counts once more.
        rms_rate: the size of a step beside Adam's (.2; Liu et al. 2025); None leaves this factor
            and the root out.
        clipnorm, use_ema and the others: as for every `Optimizer`.

    Example:
        >>> import numpy as np
        >>> from chainrule import Variable
        >>> w = Variable([[1.0, 0.0], [0.0, 1.0]], name="w")
        >>> g = np.array([[0.0, 300.0], [0.01, 0.0]], np.float32)
        >>> Muon(0.1, weight_decay=0.0, ns_steps=12).apply([g], [w])
        >>> bool(abs(w.numpy()[0, 1]) < 0.05)  # no step of 300
        True
    """

    slot_names = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        self.need(
            FRACTION, is_fraction,
            adam_beta_1=adam_beta_1, adam_beta_2=adam_beta_2, momentum=momentum,
        )  # fmt: skip
        self.need(
            POSITIVE, is_positive, epsilon=epsilon, adam_lr_ratio=adam_lr_ratio,
            rms_rate=0 if rms_rate is None else rms_rate,
            adam_weight_decay=0 if adam_weight_decay is None else adam_weight_decay,
        )  # fmt: skip
        self.need("a whole number of at least 1", lambda v: v == int(v) >= 1, ns_steps=ns_steps)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers = self.words(exclude_layers or ())
        self.exclude_embeddings = bool(exclude_embeddings)
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov = momentum, ns_steps, bool(nesterov)
        self.rms_rate = rms_rate

    def slots_for(self, variable: Variable) -> tuple[str, ...]:
        """Adam's two, or the momentum alone."""
        return ("momentum", "velocity") if self.by_adam(variable) else ("momentum",)

    def by_adam(self, variable: Variable) -> bool:
        """Does this weight get Adam's step?

        Example:
            >>> muon = Muon(exclude_layers=["out"])
            >>> [muon.by_adam(Variable(np.ones(s), name="kernel")) for s in ((2, 3), (3,))]
            [False, True]
        """
        path = self.path_of(variable).lower()
        words = [word.lower() for word in self.exclude_layers]
        words += ["embedding"] if self.exclude_embeddings else []
        return len(variable.shape) != 2 or any(word in path for word in words)

    def decay_of(self, variable: Variable) -> float:
        """The weight decay of a variable: there is one for each kind of step."""
        if self.spared(variable):
            return 0.0
        decay = self.adam_weight_decay if self.by_adam(variable) else self.weight_decay
        return decay or 0.0

    def update(self, w: Any, g: Any, m: Any, *velocity: Any, rate: Any, t: Any) -> Any:
        """One step."""
        if velocity:
            m = self.adam_beta_1 * m + (1 - self.adam_beta_1) * g
            v = self.adam_beta_2 * velocity[0] + (1 - self.adam_beta_2) * (g * g)
            c = one_minus_power(self.adam_beta_2, t) ** 0.5 / one_minus_power(self.adam_beta_1, t)
            step = (rate * self.adam_lr_ratio * c) * m / (xp(v).sqrt(v) + self.epsilon)
            return w - step, m, v
        m = self.momentum * m + g
        u = self._even(g + self.momentum * m if self.nesterov else m)
        size = 1.0 if self.rms_rate is None else self.rms_rate * max(w.shape) ** 0.5
        return w - (rate * size) * u, m

    def _even(self, x: Any) -> Any:
        """x with singular values near 1, by Newton and Schulz's iteration of degree 5."""
        wide = x.shape[0] <= x.shape[1]
        x = x if wide else x.T
        x = x / (_norm(x) + 1e-7)
        for _ in range(int(self.ns_steps)):
            square = x @ x.T
            x = self.muon_a * x + (self.muon_b * square + self.muon_c * (square @ square)) @ x
        return x if wide else x.T
