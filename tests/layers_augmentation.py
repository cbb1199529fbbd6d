"""Rows of the augmentation layers. Outside training they leave images as they are; while training
the reference draws from the stream of the seed by itself.

That the colours' layers rest outside training is tested in test_augmentation.py."""

from __future__ import annotations

from layer_row import LayerRow, mp, mpf, triple32

SHAPE = (5, 3, 4, 2)
VALUES = {"value_range": [-4, 4]}


def same(x, *weights):
    return x


def uniform(seed, k, i):
    """The k-th draw of sample i in the first step: 24 bits of a word."""
    high = triple32((seed // 2**32 + 0x85EBCA6B) % 2**32)
    k0 = triple32((seed % 2**32) ^ high)
    k1 = triple32((k0 + high + 0x9E3779B9) % 2**32)
    for number in (0, k):
        n = triple32((number + 0x6A09E667) % 2**32)
        k0, old = triple32(k0 ^ n), k1
        k1 = triple32((old + k0 + n) % 2**32)
    return mpf(triple32((k0 + i * (2 * k1 + 1)) % 2**32) >> 8) / 2**24


def flipped(seed):
    def of(x, *weights):
        out = []
        for i, image in enumerate(x):
            if uniform(seed, 2, i) < 0.5:
                image = [row[::-1] for row in image]
            out.append(image[::-1] if uniform(seed, 1, i) < 0.5 else image)
        return out

    return of


def brightened(seed, factor, low, high):
    def of(x, *weights):
        out = []
        for i, image in enumerate(x):
            change = uniform(seed, 0, i) * 2 * factor * (high - low) - factor * (high - low)
            out.append([[[min(max(v + change, low), high) for v in p] for p in r] for r in image])
        return out

    return of


def pixels(f):
    """A function of each pixel's list of channels."""
    return lambda x, *weights: [[[f(p) for p in row] for row in image] for image in x]


def grey(p):
    return mpf(0.2989) * p[0] + mpf(0.5870) * p[1] + mpf(0.1140) * p[2]


def posterised(low, high, bits):
    """As Keras has it: in whole numbers from 0 to 255, bits shifted out and back."""
    shift = 8 - bits

    def of(v):
        whole = int(min(max((v - low) * 255 / (high - low), 0), 255))
        return mpf(whole >> shift << shift) * (high - low) / 255 + low

    return pixels(lambda p: [of(v) for v in p])


def solarised(v, low, high, more, edge):
    v = min(max(v + more * (high - low), low), high)
    return v if v < low + edge * (high - low) else low + high - v


def sheared(seed, s):
    """Column i of row j from column i + s·j, either way; linear between two, 0 beyond."""

    def of(x, *weights):
        out = []
        for k, image in enumerate(x):
            side = s if uniform(seed, 2, k) < 0.5 else -s
            out.append(
                [[mixed(row, i + side * j) for i in range(len(row))] for j, row in enumerate(image)]
            )
        return out

    def mixed(row, place):
        first = int(mp.floor(place))
        share = place - first
        near = [row[i] if 0 <= i < len(row) else [mpf(0)] * len(row[0]) for i in (first, first + 1)]
        return [(1 - share) * a + share * b for a, b in zip(*near, strict=True)]

    return of


def middle(x, *weights):
    return [[row[1:3] for row in image[:2]] for image in x]


RGB = (5, 3, 4, 3)
LAYERS = [
    LayerRow("CenterCrop", middle, (2, 2), {}, SHAPE),
    LayerRow("RandomShear", sheared(3, mpf(0.5)), ((0.5, 0.5),), {"seed": 3, "fill_mode": "constant"}, SHAPE, training=True, tag="training"),
    LayerRow("RandomGrayscale", pixels(lambda p: [grey(p)] * 3), (1.0,), {}, RGB, training=True, model=False, tag="training"),
    LayerRow("RandomColorDegeneration", pixels(lambda p: [(3 * v + grey(p)) / 4 for v in p]), ((0.25, 0.25),), {}, RGB, training=True, model=False, tag="training"),
    LayerRow("RandomInvert", pixels(lambda p: [-3 - v for v in p]), ((1.0, 1.0),), {"value_range": [-4, 1]}, SHAPE, training=True, model=False, tag="training"),
    LayerRow("RandomPosterization", posterised(-4, 4, 3), (3,), VALUES, SHAPE, training=True, model=False, grad=False, tag="training"),
    LayerRow("Solarization", pixels(lambda p: [solarised(v, -8, 8, mpf(0.125), mpf(0.5)) for v in p]), ((0.125, 0.125), (0.5, 0.5)), {"value_range": [-8, 8]}, SHAPE, training=True, model=False, kink=(-2.0,), tag="training"),
    LayerRow("RandomFlip", same, (), {"seed": 1}, SHAPE),
    LayerRow("RandomFlip", flipped(3), (), {"seed": 3}, SHAPE, training=True, tag="training"),
    LayerRow("RandomRotation", same, (0.2,), {"seed": 1}, SHAPE),
    LayerRow("RandomTranslation", same, (0.2, 0.3), {"seed": 1}, SHAPE),
    LayerRow("RandomZoom", same, (0.2,), {"seed": 1, "fill_mode": "constant"}, SHAPE),
    LayerRow("RandomCrop", same, (3, 4), {"seed": 1}, SHAPE),
    LayerRow("RandomContrast", same, (0.4,), {"seed": 1, **VALUES}, SHAPE),
    LayerRow("RandomBrightness", same, (0.2,), {"seed": 1, **VALUES}, SHAPE),
    LayerRow(
        "RandomBrightness",
        brightened(5, mpf(0.125), -8, 8),
        (0.125,),
        {"seed": 5, "value_range": [-8, 8]},
        SHAPE,
        training=True,
        tag="training",
    ),
    LayerRow("RandomErasing", same, (), {"seed": 1, **VALUES}, SHAPE),
]  # fmt: skip
