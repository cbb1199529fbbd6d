"""Arrays read at any places: coordinates, four corners moved, a sheet of rubber."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import rng
from ..arrays import is_recorded, is_traced, xp
from ..checks import need_numbers
from ..errors import ArgumentError, ShapeError
from ..operators import raw
from ..symbol import composite
from .base import op
from .filters import gaussian_matrix, smoothed
from .shapes import _scatter
from .warping import affine_transform, check_modes, floats_of, images_of, look, near, within

__all__ = ["elastic_transform", "map_coordinates", "perspective_transform"]


@op(numbers=2)
def map_coordinates(inputs, coordinates, order, fill_mode="constant", fill_value=0.0):
    """y[p] = inputs at coordinates[:, p], mixed from the entries around.  d_inputs: d_y goes to
    these entries by the same shares; d_coordinates: the slope along each axis times d_y.

    inputs of n axes, coordinates (n, ...) → (...). Between two entries a and b the slope is b − a;
    with order 0 it is 0 everywhere.

    Args:
        inputs: any array.
        coordinates: a place along each axis; whole numbers are entries.
        order: 1 mixes the 2ⁿ entries around a place, 0 takes the nearest (of two the later one).
        fill_mode: beyond the ends: `"constant"` k k k | a b c | k k k, `"nearest"` a a a | a b c |
            c c c, `"reflect"` c b a | a b c | c b a, `"wrap"` a b c | a b c | a b c, `"mirror"`
            a c b | a b c | b a b.
        fill_value: the constant k.

    Raises:
        ShapeError: not one coordinate for each axis.
        ArgumentError: another order or fill mode.

    Example:
        >>> x = np.array([[0.0, 1.0], [10.0, 11.0]])
        >>> map_coordinates(x, [[0.5, 1.0], [0.5, 0.25]], order=1)
        array([ 5.5 , 10.25])

    Between the last entry and the first one beyond, `"constant"` mixes with k as Keras and JAX do;
    SciPy calls that `"grid-constant"`, and this `"wrap"` `"grid-wrap"`.
    """
    if isinstance(order, bool) or order not in (0, 1):
        raise ArgumentError(
            "order must be 0 or 1",
            where="map_coordinates",
            expected="0 (the nearest entry) or 1 (linear between entries)",
            received=repr(order)[:100],
        )
    check_modes("bilinear", fill_mode, "map_coordinates")
    inputs, places = floats_of(inputs), floats_of(coordinates)
    shape = np.shape(inputs)
    if np.ndim(places) < 2 or np.shape(places)[0] != len(shape) or 0 in shape:
        raise ShapeError(
            "there must be one coordinate for each axis",
            where="map_coordinates",
            expected=f"coordinates ({len(shape)}, ...), at least two axes",
            received=f"inputs {shape}, coordinates {np.shape(places)}",
        )
    m = xp(inputs, places)
    if not is_recorded(m):  # NumPy has no entries at traced places
        inputs, places = m.asarray(inputs), m.asarray(places)
    axes = [_ends(places[a], n, order, fill_mode) for a, n in enumerate(shape)]
    taps = []  # (index, on the array, share along each axis, slope of the share along each axis)
    for corner in itertools.product(*axes):
        index, insides, shares, slopes = zip(*corner, strict=True)
        inside = None
        for one in insides if fill_mode == "constant" else ():
            inside = one if inside is None else inside & one
        taps.append((index, inside, shares, slopes))

    def entries(index, inside):
        found = inputs[index]
        return found if inside is None else m.where(inside, found, fill_value)

    def d_inputs(d_y):
        total = 0.0
        for index, inside, shares, _ in taps:
            part = d_y * _product(shares)
            part = part if inside is None else m.where(inside, part, 0.0)
            total = total + _scatter(part, index, shape)
        return total

    def d_coordinates(d_y):
        slope = [m.zeros_like(places[0])] * len(shape)
        for index, inside, shares, slopes in taps if order else ():
            found = entries(index, inside)
            for a in range(len(shape)):
                others = _product([*shares[:a], slopes[a], *shares[a + 1 :]])
                slope[a] = slope[a] + found * others
        return m.stack([s * d_y for s in slope])

    y = sum(entries(index, inside) * _product(shares) for index, inside, shares, _ in taps)
    return y, (d_inputs, d_coordinates, None, None, None)


def _ends(places: Any, n: int, order: int, fill_mode: str) -> list[tuple[Any, Any, Any, Any]]:
    """The entries around each place along one axis: (index, on the axis, share, its slope)."""
    m = xp(places)
    one = m.ones_like(places)
    if order == 0:
        return [(*within(near(places), n, fill_mode), one, 0.0 * one)]
    first = m.floor(places)
    share = places - first
    first = first.astype(np.int32)
    return [
        (*within(first, n, fill_mode), 1 - share, -one),
        (*within(first + 1, n, fill_mode), share, one),
    ]


def _product(factors: Any) -> Any:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


@composite
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0.0,
    data_format: Any = None,
) -> Any:
    """The images moved so that four points come from `start_points` to `end_points`.  d_images: d_y
    goes to the pixels that a number was mixed from, by the same shares; the points are constants.

    The map between is the one projective map that takes the four points to the others: straight
    lines stay straight, parallels meet.

    Args:
        images: one, or a batch.
        start_points: (batch, 4, 2) or (4, 2), column and row of each point in the image.
        end_points: where they are in the result.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_value: what stands beyond the edges.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images, or not four points for each.
        ArgumentError: three of the four points on a line; an unknown interpolation.

    Example:
        >>> image = np.arange(9.0).reshape(3, 3, 1)
        >>> corners = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]
        >>> mirrored = [[2.0, 0.0], [0.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
        >>> perspective_transform(image, corners, mirrored, "nearest")[:, :, 0]
        array([[2., 1., 0.],
               [5., 4., 3.],
               [8., 7., 6.]])
    """
    where = "perspective_transform"
    images = images_of(images, data_format, where)
    start, end = (
        raw(p) if hasattr(p, "dtype") else np.asarray(p) for p in (start_points, end_points)
    )
    several = np.shape(start) == (*np.shape(images)[:-3], 4, 2)
    if np.shape(start) != np.shape(end) or (
        not several and np.shape(start) not in ((4, 2), (1, 4, 2))
    ):
        raise ShapeError(
            "there must be four points, or four for each image",
            where=where,
            expected="start_points and end_points (batch, 4, 2) or (4, 2)",
            received=f"{np.shape(start)} and {np.shape(end)}, images {np.shape(images)}",
        )
    transform = _homography(start, end)
    return affine_transform(images, transform, interpolation, "constant", fill_value)


def _homography(start: Any, end: Any) -> Any:
    """The eight numbers of the map from each of `end` to `start`, (..., 8), by eight equations."""
    m = xp(start, end)
    kind = "float64" if m is np else np.result_type(start.dtype, end.dtype, np.float32)
    start, end = m.asarray(start, kind), m.asarray(end, kind)
    # in units of the largest number: else the equations lose digits in float32
    unit = m.maximum(m.max(m.abs(start)), m.max(m.abs(end)))
    unit = m.where(unit > 0, unit, 1)
    x, y = end[..., 0] / unit, end[..., 1] / unit
    one, zero = m.ones_like(x), m.zeros_like(x)
    u, v = start[..., 0] / unit, start[..., 1] / unit
    rows = [
        m.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=-1),
        m.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=-1),
    ]
    matrix = m.concatenate(rows, axis=-2)
    right = m.concatenate([u, v], axis=-1)[..., None]
    try:
        found = m.linalg.solve(matrix, right)[..., 0]
    except np.linalg.LinAlgError:
        found = None
    if found is None or not (is_traced(found) or np.isfinite(found).all()):
        raise ArgumentError(
            "no map takes these four points to the others",
            where="perspective_transform",
            expected="end_points of which no three lie on a line",
            received=np.asarray(end).tolist(),
        )
    back = [1, 1, unit, 1, 1, unit, 1 / unit, 1 / unit]
    return m.stack([found[..., k] * factor for k, factor in enumerate(back)], axis=-1)


@composite
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: Any = None,
) -> Any:
    """Each image as on a sheet of rubber, at (i + α·dx, j + α·dy).  d_images: d_y goes to the
    pixels that a number was mixed from, by the same shares.

    dx and dy are normal noise times σ, blurred by a Gaussian of width σ: neighbours move alike.

    Args:
        images: one, or a batch; each is moved in its own way.
        alpha: how far, above 0 in pixels.
        sigma: how smoothly, above 0 in pixels.
        interpolation: `"bilinear"` or `"nearest"`.
        fill_mode: what stands beyond the edges; see `affine_transform`.
        fill_value: the constant of `fill_mode="constant"`.
        seed: a whole number, which moves alike each time; a `cr.random.SeedGenerator`; or None for
            the process's own stream.
        data_format: None or `"channels_last"`.

    Raises:
        ShapeError: no images.
        ArgumentError: alpha below 0, sigma not above, an unknown mode.

    Source: Simard et al., "Best practices for convolutional neural networks applied to visual
    document analysis" (2003).

    Example:
        >>> image = np.eye(8)[:, :, None]
        >>> moved = elastic_transform(image, alpha=2.0, sigma=2.0, seed=1)
        >>> moved.shape, bool((moved == elastic_transform(image, 2.0, 2.0, seed=1)).all())
        ((8, 8, 1), True)
    """
    where = "elastic_transform"
    images = images_of(images, data_format, where)
    check_modes(interpolation, fill_mode, where)
    need_numbers(where, "a number from 0", lambda v: v >= 0, alpha=alpha)
    need_numbers(where, "a number above 0", lambda v: v > 0, sigma=sigma)
    shape = np.shape(images)
    key = _key(seed, where)
    n = shape[0] if len(shape) == 4 else 1
    size = (n, *shape[-3:-1])
    noise = [rng.normal(rng.fold(key, k), size) for k in (0, 1)]
    right, down = displacements(noise, alpha, sigma, int(6 * sigma) | 1)
    return displaced(images, right, down, interpolation, fill_mode, fill_value)


def _key(seed: Any, where: str) -> Any:
    """The key of a draw, from a whole number, a stream of seeds, or the process's."""
    if seed is None:
        return rng.next_key()
    return seed.next() if hasattr(seed, "next") else rng.key(seed)


def displacements(noise: Sequence[Any], alpha: Any, sigma: Any, reach: int) -> list[Any]:
    """How far each pixel moves: α·blur(σ·noise), for each noise (batch, height, width).

    α and σ are numbers, or one for each image; `reach` is how many pixels a blur looks at.
    """
    sides = [gaussian_matrix(n, reach, sigma) for n in np.shape(noise[0])[1:]]
    wide = alpha * sigma
    wide = wide[:, None, None] if np.ndim(wide) else wide
    return [smoothed(v[..., None], *sides)[..., 0] * wide for v in noise]


@op
def displaced(images, right, down, interpolation, fill_mode, fill_value):
    """The images at (i + right, j + down).  d_y goes to where the pixels came from."""
    one = np.ndim(images) == 3
    batch = images[None] if one else images
    right, down = raw(right), raw(down)
    m, (height, width) = xp(right), np.shape(batch)[1:3]
    rows, columns = m.arange(height)[:, None] + down, m.arange(width) + right
    y, back = look(batch, rows, columns, interpolation, fill_mode, fill_value)
    if one:
        return y[0], (lambda d_y: back(d_y[None])[0], *(None,) * 5)
    return y, (back, *(None,) * 5)
