"""Whole derivatives of a function: gradient, Jacobian, Hessian, and derivatives along a direction.

Everything here is a few lines over `vjp`, which gives d_yᵀ·∂y/∂x.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from .arrays import float_array, full, like, xp
from .chain import Node, record, vjp
from .errors import ArgumentError, ShapeError, not_scalar
from .operators import Recordable, raw

__all__ = ["hessian", "jacobian", "jvp", "value_and_grad"]


def value_and_grad(function: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """A function that returns `(f(x), df/dx)`, for an f whose value is a single number.

    Example:
        >>> value_and_grad(lambda x: x**2)(np.array([3.0]))
        (array([9.]), array([6.]))
    """
    _need_places(argnums, "value_and_grad")

    def call(*args: Any) -> tuple[Any, Any]:
        of_chosen, chosen, packed = _choose(function, argnums, args)
        y, back = vjp(of_chosen, *chosen)
        if np.size(y) != 1:
            raise not_scalar("value_and_grad", np.shape(y))
        grads = back(1.0)
        return y, (grads,) if packed and len(chosen) == 1 else grads

    return call


def jacobian(function: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """A function that returns J = ∂f/∂x, of shape (*y.shape, *x.shape): Jᵢⱼ = ∂yᵢ/∂xⱼ.

    One walk backwards for each number of y. With several `argnums` a tuple of Jacobians.

    Raises:
        ArgumentError: `argnums` names an argument that was not given.
        ShapeError: f does not return one array.

    Example:
        >>> jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 5.0]))
        array([[5., 0., 1.],
               [0., 5., 2.]])
    """
    _need_places(argnums, "jacobian")

    def call(*args: Any) -> Any:
        of_chosen, chosen, packed = _choose(function, argnums, args)
        y, back = vjp(of_chosen, *chosen)
        shape = np.shape(y)
        rows = []
        for one in np.eye(math.prod(shape)):  # dL/dy is 1 at one number of y, 0 elsewhere
            d = back(one.reshape(shape))
            rows.append(d if isinstance(d, tuple) else (d,))
        whole = []
        for k, x in enumerate(chosen):
            if rows:
                d = xp(*(row[k] for row in rows)).stack([row[k] for row in rows])
            else:
                d = np.zeros((0, *np.shape(x)))
            whole.append(d.reshape((*shape, *np.shape(x))))
        return tuple(whole) if packed else whole[0]

    return call


def hessian(function: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """A function that returns H = ∂²f/∂x², of shape (*x.shape, *x.shape), for a single number f.

    The Jacobian of the gradient, so every operation in f must promise second derivatives, as the
    elementwise ones, sums and products do. With several `argnums` a tuple of tuples: block [i][j]
    is ∂²f/∂xᵢ∂xⱼ.

    Raises:
        ShapeError: f is not a single number.

    Example:
        >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
        array([[10.,  6.],
               [ 6.,  0.]])
    """
    _need_places(argnums, "hessian")
    first = value_and_grad(function, argnums)
    if not isinstance(argnums, Sequence):
        return jacobian(lambda *args: first(*args)[1], argnums)
    rows = [jacobian(_part(first, k), argnums) for k in range(len(argnums))]
    return lambda *args: tuple(row(*args) for row in rows)


def _part(first: Callable, k: int) -> Callable:
    return lambda *args: first(*args)[1][k]


def jvp(function: Callable, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`(y, d_y)`: f at x, and its derivative along a direction v, (∂f/∂x)·v.

    Two walks backwards and no Jacobian: u ↦ (∂f/∂x)ᵀu is linear in u, and the derivative of
    ⟨(∂f/∂x)ᵀu, v⟩ with respect to u is (∂f/∂x)·v. Every operation in f must promise second
    derivatives. Arguments as in `jax.jvp`.

    Args:
        function: of the primals, returning one array.
        primals: the arguments x, a tuple or list.
        tangents: a direction v for each, of its shape.

    Raises:
        ArgumentError: an array stands where a tuple should.
        ShapeError: a direction has not the shape of its argument.

    Example:
        >>> jvp(lambda x: x**2, (np.array([1.0, 3.0]),), (np.array([1.0, 0.5]),))
        (array([1., 9.]), array([2., 3.]))
    """
    packed = isinstance(primals, (tuple, list)) and isinstance(tangents, (tuple, list))
    if not packed or not _takes(function, len(primals)):
        raise ArgumentError(
            "the arguments of f and their directions are two tuples, of one array each too",
            where="jvp",
            expected="jvp(f, (x,), (v,))",
            received=f"{type(primals).__name__} and {type(tangents).__name__}"
            if not packed
            else f"{len(primals)} arguments, which f does not take",
        )
    expected, received = [np.shape(p) for p in primals], [np.shape(t) for t in tangents]
    if expected != received:
        raise ShapeError(
            "a direction must have the shape of its argument",
            where="jvp",
            expected=", ".join(map(str, expected)),
            received=", ".join(map(str, received)),
        )
    with record() as tape:
        values = [float_array(p.on_tape() if isinstance(p, Recordable) else p) for p in primals]
        y, back = vjp(function, *(tape.watch(v) for v in values))
        u = tape.watch(full(0.0, raw(y)))
        d = back(u)
        along = [
            (d_x * like(t, raw(x))).sum()
            for d_x, t, x in zip(d if isinstance(d, tuple) else (d,), tangents, values, strict=True)
        ]
        total = sum(along[1:], along[0])
    connected = isinstance(total, Node) and total.tape is tape  # else f depends on none of them
    d_y = tape.gradients(total, [u])[0] if connected else full(0.0, raw(y))
    return y.on_tape() if isinstance(y, Node) else y, d_y


def _takes(function: Callable, count: int) -> bool:
    """Whether the function can be called with so many arguments, as far as can be seen."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # written in C
        return True
    return True


def _need_places(argnums: Any, where: str) -> None:
    """Raise unless `argnums` are places among arguments: an array there was meant as x."""
    several = argnums if isinstance(argnums, (tuple, list)) else [argnums]
    if any(
        isinstance(k, bool) or np.ndim(k) or np.asarray(k).dtype.kind not in "iu" for k in several
    ):
        raise ArgumentError(
            "the second argument says which argument of f to differentiate, by its place",
            where=where,
            expected=f"{where}(f)(x), or {where}(f, argnums=0)(x)",
            received=f"{where}(f, {type(argnums).__name__})",
        )


def _choose(
    function: Callable, argnums: int | Sequence[int], args: tuple
) -> tuple[Callable, list[Any], bool]:
    """f of the chosen arguments alone, the others fixed; those arguments; whether a tuple of them.

    Raises:
        ArgumentError: f was not called with so many arguments.
    """
    packed = isinstance(argnums, Sequence)
    places = [index(k) for k in (argnums if packed else [argnums])]  # NumPy's integers too
    for k in places:
        if not -len(args) <= k < len(args):
            raise ArgumentError(
                "argnums names an argument that was not given",
                expected=f"a place among {len(args)} arguments",
                received=k,
            )

    @functools.wraps(function)
    def of_chosen(*values: Any) -> Any:
        given = list(args)
        for k, value in zip(places, values, strict=True):
            given[k] = value
        return function(*given)

    return of_chosen, [args[k] for k in places], packed
