"""Rows of the augmentation layers. Outside training they leave images as they are; while training
the reference draws from the stream of the seed by itself."""

from __future__ import annotations

from layer_row import LayerRow, mpf, triple32

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


LAYERS = [
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
]
