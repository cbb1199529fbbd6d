"""Rows of the operations on images; the reference is written for one pixel at a time."""

from __future__ import annotations

import colorsys
import itertools

import mpmath as mp
import numpy as np

from row import CANCEL, Row, at, dims_of, grid, ops, real, summed

TURN = [0.875, -0.375, 0.8125, 0.3125, 0.9375, -0.4375, 0.0, 0.0]
FAR = [1.25, 0.25, -3.125, -0.5, 1.5, 2.0625, 0.0, 0.0]
TILT = [1.0, 0.125, 0.25, 0.0, 1.0, -0.5, 0.0625, 0.03125]


def _at(image, row, column, c, mode, fill):
    """The pixel that stands at a place, on the image or beyond its edges."""
    lengths = dims_of(image)[:2]
    found = []
    for place, n in ((row, lengths[0]), (column, lengths[1])):
        if mode == "constant" and not 0 <= place < n:
            return mp.mpf(fill)
        while not 0 <= place < n:
            if mode == "wrap":
                place += n if place < 0 else -n
            elif mode == "mirror":  # c b | a b c | b a
                place = -place if place < 0 else 2 * n - 2 - place
            elif mode == "reflect":  # c b a | a b c | c b a
                place = -1 - place if place < 0 else 2 * n - 1 - place
            else:
                place += 1 if place < 0 else -1
        found.append(place)
    return image[found[0]][found[1]][c]


def _resampled(
    images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0.0, size=None
):
    n, height, width, channels = dims_of(images)
    each = np.broadcast_to(np.asarray(transform, float), (n, 8)).tolist()

    def pixel(b, j, i, c):
        t = [mp.mpf(v) for v in each[b]]
        k = t[6] * i + t[7] * j + 1
        x, y = (t[0] * i + t[1] * j + t[2]) / k, (t[3] * i + t[4] * j + t[5]) / k
        if interpolation == "nearest":
            places = [(int(mp.floor(y + 0.5)), int(mp.floor(x + 0.5)), 1)]
        else:
            top, left = int(mp.floor(y)), int(mp.floor(x))
            down, right = y - top, x - left
            places = [
                (top + p, left + q, (down if p else 1 - down) * (right if q else 1 - right))
                for p in (0, 1)
                for q in (0, 1)
            ]
        mixed = [w * _at(images[b], r, s, c, fill_mode, fill_value) for r, s, w in places]
        return mp.fsum(mixed)

    return grid((n, *(size or (height, width)), channels), pixel)


def _row(tag, transform, **kwargs):
    return Row(
        "affine_transform",
        (real(2, 3, 4, 2),),
        _resampled,
        {"transform": np.array(transform), **kwargs},
        tag=tag,
        ulp=8,
        scale=4,
        why=CANCEL,
    )


# --- read at any places -------------------------------------------------------------------------


def _line(place, n, mode):
    """The entry that stands at a place of an axis; None beyond the ends of a constant."""
    while not 0 <= place < n:
        if mode == "constant":
            return None
        if mode == "wrap":
            place += n if place < 0 else -n
        elif mode == "reflect":
            place = -1 - place if place < 0 else 2 * n - 1 - place
        elif mode == "mirror":
            place = -place if place < 0 else 2 * n - 2 - place
        else:
            place += 1 if place < 0 else -1
    return place


def _mapped(inputs, coordinates, order, fill_mode="constant", fill_value=0.0):
    lengths = dims_of(inputs)

    def entry(*index):
        ends = []
        for a, n in enumerate(lengths):
            place = at(coordinates[a], index)
            if order == 0:
                ends.append([(_line(int(mp.floor(place + 0.5)), n, fill_mode), 1)])
            else:
                first = int(mp.floor(place))
                ends.append([(_line(first, n, fill_mode), 1 - (place - first)),
                             (_line(first + 1, n, fill_mode), place - first)])  # fmt: skip
        total = []
        for corner in itertools.product(*ends):
            where = tuple(i for i, _ in corner)
            value = mp.mpf(fill_value) if None in where else at(inputs, where)
            total.append(value * mp.fprod([share for _, share in corner]))
        return mp.fsum(total)

    return grid(dims_of(coordinates)[1:], entry)


PLACES = np.array([[-1.3, 0.4, 1.7, 2.6], [0.3, 1.2, -0.6, 2.4]])  # no kink of a share is touched


def _perspective(images, start_points, end_points, interpolation="bilinear", fill_value=0.0):
    """Each place of the result to the image, by the map that solves the eight equations."""
    rows, right = [], []
    for (u, v), (x, y) in zip(start_points, end_points, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    transform = mp.lu_solve(mp.matrix(rows), mp.matrix(right))
    return _resampled(images, [float(t) for t in transform], interpolation, "constant", fill_value)


CORNERS = [[0.0, 0.0], [3.0, 0.0], [0.0, 2.0], [3.0, 2.0]]
PULLED = [[0.25, 0.125], [2.75, 0.5], [0.5, 1.875], [3.25, 2.25]]


# --- filters ------------------------------------------------------------------------------------


def _bell(size, sigma):
    raw = [mp.exp(-(((k - mp.mpf(size - 1) / 2) / sigma) ** 2) / 2) for k in range(size)]
    return [w / mp.fsum(raw) for w in raw]


def _filtered(images, kernel, inside=False):
    """The kernel over each place, zeros beyond; with `inside` only where it lies on the image."""
    n, height, width, channels = dims_of(images)
    tall, wide = len(kernel), len(kernel[0])
    up, left = (0, 0) if inside else ((tall - 1) // 2, (wide - 1) // 2)

    def pixel(b, i, j, c):
        total = []
        for p, q in itertools.product(range(tall), range(wide)):
            r, s = i + p - up, j + q - left
            if 0 <= r < height and 0 <= s < width:
                total.append(kernel[p][q] * images[b][r][s][c])
        return mp.fsum(total)

    rows, columns = (height - tall + 1, width - wide + 1) if inside else (height, width)
    return grid((n, rows, columns, channels), pixel)


def _blurred(images, kernel_size, sigma):
    down, across = (_bell(k, mp.mpf(s)) for k, s in zip(kernel_size, sigma, strict=True))
    return _filtered(images, [[a * b for b in across] for a in down])


def _edges(images):
    down = _filtered(images, [[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    across = _filtered(images, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    dims = (*dims_of(images), 2)
    return grid(dims, lambda b, i, j, c, k: (down, across)[k][b][i][j][c])


def _alike(image1, image2, max_val, filter_size):
    """Window by window: weighted means, variances, covariance."""
    bell = _bell(filter_size, mp.mpf(1.5))
    _, height, width, channels = dims_of(image1)
    c1, c2 = (mp.mpf(0.01) * max_val) ** 2, (mp.mpf(0.03) * max_val) ** 2
    answers = []
    for one, other in zip(image1, image2, strict=True):
        found = []
        starts = (range(height - filter_size + 1), range(width - filter_size + 1), range(channels))
        for i, j, c in itertools.product(*starts):
            cells = list(itertools.product(range(filter_size), repeat=2))
            weights = [bell[p] * bell[q] for p, q in cells]
            a, b = ([image[i + p][j + q][c] for p, q in cells] for image in (one, other))

            def mean(values, weights=weights):
                return mp.fsum(w * v for w, v in zip(weights, values, strict=True))

            ma, mb = mean(a), mean(b)
            both = mean([(x - ma) * (y - mb) for x, y in zip(a, b, strict=True)])
            va, vb = mean([(x - ma) ** 2 for x in a]), mean([(y - mb) ** 2 for y in b])
            above = (2 * ma * mb + c1) * (2 * both + c2)
            found.append(above / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
        answers.append(summed(found) / len(found))
    return answers


# --- colours ------------------------------------------------------------------------------------


def _colors(of):
    """A formula of the standard library for each pixel (it is of floats: to 16 digits)."""
    return lambda images: [[[[mp.mpf(v) for v in of(*map(float, p))] for p in row] for row in image] for image in images]  # fmt: skip


RGB = np.array([[0.8, 0.2, 0.5], [0.1, 0.7, 0.3], [0.2, 0.35, 0.9], [0.9, 0.05, 0.75]]).reshape(
    1, 2, 2, 3
)
HSV = np.array([[0.05, 0.9, 0.5], [0.3, 0.2, 0.9], [0.55, 0.5, 0.4], [0.9, 0.7, 1.2]]).reshape(
    1, 2, 2, 3
)
SIXTEEN = "the reference has 16 digits"


# --- moved ---------------------------------------------------------------------------------------


def _triangles(images, scale, translation):
    """Along axis 1, with antialiasing: each output is a mean of inputs, weighted by a triangle."""
    found = []
    for row in images:
        out = []
        for i in range(4):
            place = (i + 0.5 - translation) / scale
            wide = max(1, 1 / scale)
            weights = [max(0, 1 - abs(place - k - 0.5) / wide) for k in range(len(row))]
            inside = 0 <= place <= len(row)
            total = mp.fsum(weights)
            out.append(mp.fsum(w * v for w, v in zip(weights, row, strict=True)) / total if inside else mp.mpf(0))  # fmt: skip
        found.append(out)
    return found


ROWS = [
    Row("map_coordinates", (real(3, 3), PLACES), _mapped, {"order": 1, "fill_value": 2.5}, ulp=8, scale=4, why=CANCEL),
    Row("map_coordinates", (real(3, 3), PLACES), _mapped, {"order": 1, "fill_mode": "reflect"}, tag="reflect", ulp=8, scale=4, why=CANCEL),
    Row("map_coordinates", (real(2, 3, 2), np.array([[0.2, 1.4], [2.7, -0.8], [0.6, 0.3]])), _mapped, {"order": 0, "fill_mode": "mirror"}, tag="nearest of three axes"),
    Row("perspective_transform", (real(1, 3, 4, 2),), _perspective, {"start_points": CORNERS, "end_points": PULLED, "fill_value": 0.5}, ulp=64, scale=4, why=CANCEL),
    Row("elastic_transform", (real(1, 3, 4, 2),), lambda images, alpha: images, {"alpha": 0}, tag="still"),
    Row("gaussian_blur", (real(1, 4, 3, 2),), _blurred, {"kernel_size": (3, 2), "sigma": (0.75, 1.5)}, ulp=8, scale=2, why=CANCEL),
    Row("sobel_edges", (real(1, 3, 4, 1),), _edges, scale=8, why=CANCEL),
    Row("ssim", (real(2, 4, 3, 2, low=0.1, high=0.9), real(2, 4, 3, 2, low=0.1, high=0.9)), _alike, {"max_val": 2.0, "filter_size": 3}, ulp=64, scale=1, why=CANCEL),
    Row("rgb_to_hsv", (RGB,), _colors(colorsys.rgb_to_hsv), ulp=16, why=SIXTEEN),
    Row("hsv_to_rgb", (HSV,), _colors(colorsys.hsv_to_rgb), ulp=16, scale=1, why=SIXTEEN),
    Row("scale_and_translate", (real(2, 5),), lambda x: _triangles(x, mp.mpf(0.5), mp.mpf(0.75)), call=lambda x: ops.scale_and_translate(x, (2, 4), [0.5], [0.75], (1,), "linear"), ulp=8, scale=2, why=CANCEL),
    _row("turn", TURN),
    _row("one each", [TURN, FAR], fill_value=2.5),
    _row("tilt", TILT, fill_mode="nearest"),
    _row("larger", [0.5, 0, -0.25, 0, 0.5, -0.25, 0, 0], fill_mode="nearest", size=(6, 8)),
    *[_row(f"far, {mode}", FAR, fill_mode=mode) for mode in ("nearest", "reflect", "wrap", "mirror")],
    *[
        _row(f"nearest, {mode}", FAR, fill_mode=mode, interpolation="nearest")
        for mode in ("constant", "nearest", "reflect", "wrap")
    ],
]  # fmt: skip
