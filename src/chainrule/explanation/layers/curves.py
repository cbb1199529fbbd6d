"""Activations as formulas: what a unit's output and slope are, in symbols.

The numbers beside them come from the operation itself; a formula that would not give them is left
out (`Context.line`), so nothing here can make a printed number wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...chain import vjp
from ...operators import raw
from ..formula import Apply, Formula, Leaf, Power, Sum, const

__all__ = ["jacobian_of", "output_formula", "slope_formula", "slopes", "softmax_formula"]

_OUT: dict[str, Callable[[Formula, dict[str, Any]], Formula]] = {
    "linear": lambda z, _: z,
    "sigmoid": lambda z, _: 1 / (1 + Apply("exp", -z)),
    "tanh": lambda z, _: Apply("tanh", z),
    "relu": lambda z, _: Apply("max", const(0), z),
    "exp": lambda z, _: Apply("exp", z),
    "square": lambda z, _: z**2,
    "softplus": lambda z, _: Apply("ln", 1 + Apply("exp", z)),
    "softsign": lambda z, _: z / (1 + Apply("abs", z)),
    "silu": lambda z, _: z / (1 + Apply("exp", -z)),
}
_SLOPE: dict[str, Callable[[Leaf, Leaf], Formula]] = {
    "linear": lambda z, a: const(1),
    "sigmoid": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: 1 - Power(a, const(2)),
    "exp": lambda z, a: a,
    "square": lambda z, a: 2 * z,
    "softplus": lambda z, a: 1 / (1 + Apply("exp", -z)),
    "softsign": lambda z, a: 1 / Power(1 + Apply("abs", z), const(2)),
    "relu": lambda z, a: const(1) if z.value > 0 else const(0),
}


def output_formula(name: str, z: Formula, value: Any, kwargs: Any) -> Formula:
    """f(z): written out where it is well known, else by its name."""
    made = _OUT.get(name) if not kwargs else None
    return Apply(name, z, value=value) if made is None else made(z, dict(kwargs))


def softmax_formula(all_z: Sequence[Leaf], unit: int) -> Formula:
    """exp(z₁)/Σexp(z)."""
    return Apply("exp", all_z[unit]) / Sum([Apply("exp", z) for z in all_z], shown=4)


def slope_formula(name: str, z: Leaf, a: Leaf, value: Any, kwargs: Any) -> Formula:
    """f'(z): written out where it is well known, else by its name."""
    made = _SLOPE.get(name) if not kwargs else None
    return Apply(f"{name}'", z, value=value) if made is None else made(z, a)


def slopes(calls: Sequence[Any]) -> np.ndarray | None:
    """da/dz of every unit, by the operations' own derivatives; None where units mix (softmax).

    Operations that treat each number by itself give the same with a gradient of ones as entry by
    entry; whether they do is tried with two gradients.
    """
    y, back, value = _replay(calls)
    if np.shape(y) != value.shape:
        return None
    found = np.asarray(back(np.ones_like(value)))
    probe = np.linspace(0.5, 1.5, value.size, dtype=value.dtype).reshape(value.shape)
    if not np.allclose(
        np.asarray(back(probe)), found * probe, rtol=1e-4, atol=1e-7, equal_nan=True
    ):
        return None
    return found


def jacobian_of(calls: Sequence[Any], row: int) -> np.ndarray:
    """∂aᵢ/∂zⱼ of one row of units, by the operations' own derivative: row i for each aᵢ."""
    _, back, value = _replay(calls)
    found = np.empty((value.shape[-1],) * 2)
    for i in range(len(found)):
        d_y = np.zeros_like(value)
        d_y[row, i] = 1
        found[i] = np.asarray(back(d_y))[row]
    return found


def _replay(calls: Sequence[Any]) -> tuple[Any, Callable, np.ndarray]:
    """The calls after z once more, as a function of z: its value, its derivative, and z."""
    z = calls[0].args[0]

    def run(x: Any) -> Any:
        held = {id(z): x}
        for call in calls:
            args = [held.get(id(a), raw(a)) for a in call.args]
            held[id(call)] = call.operation(*args, **call.kwargs)
        return held[id(calls[-1])]

    value = np.asarray(raw(z))
    return *vjp(run, value), value
