"""Rows of the augmentation layers. Outside training they leave images as they are; while training
the reference draws from the stream of the seed by itself.

That the colours' layers rest outside training is tested in test_augmentation.py."""

from __future__ import annotations

import colorsys
import itertools

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


def recolored(low, high, change):
    """Hue, saturation and value of each pixel changed, by the standard library (16 digits)."""

    def of(p):
        h, s, v = colorsys.rgb_to_hsv(*(float((c - low) / (high - low)) for c in p))
        return [low + (high - low) * mpf(c) for c in colorsys.hsv_to_rgb(*change(h, s, v))]

    return pixels(of)


def over(kernel):
    """A kernel over each channel of each image, zeros beyond the edges."""
    tall, wide = len(kernel), len(kernel[0])

    def of(x, *weights):
        return [[[[at(image, i, j, c) for c in range(len(image[0][0]))]
                  for j in range(len(image[0]))] for i in range(len(image))] for image in x]  # fmt: skip

    def at(image, i, j, c):
        total = []
        for p, q in itertools.product(range(tall), range(wide)):
            r, s = i + p - tall // 2, j + q - wide // 2
            if 0 <= r < len(image) and 0 <= s < len(image[0]):
                total.append(kernel[p][q] * image[r][s][c])
        return mp.fsum(total)

    return of


def sharpened(f):
    mean = [[mpf(1 + 4 * (p == q == 1)) / 13 for q in range(3)] for p in range(3)]
    return over(
        [[(1 - 2 * f) * mean[p][q] + 2 * f * (p == q == 1) for q in range(3)] for p in range(3)]
    )


def bell(size, sigma):
    raw = [mp.exp(-(((k - size // 2) / sigma) ** 2) / 2) for k in range(size)]
    return [w / mp.fsum(raw) for w in raw]


def channels(f):
    """A function of the list of a channel's values, row by row, for each channel of each image."""

    def of(x, *weights):
        out = []
        for image in x:
            width, depth = len(image[0]), len(image[0][0])
            flat = [f([p[c] for row in image for p in row]) for c in range(depth)]
            out.append([[[flat[c][i * width + j] for c in range(depth)] for j in range(width)] for i in range(len(image))])  # fmt: skip
        return out

    return of


def stretched(values):
    least, most = min(values), max(values)
    return [(v - least) * 8 / (most - least) - 4 for v in values]


def equalized(values):
    """With the range −4 to 4 in 16 bins."""
    tones = [int(min(max((v + 4) / 8 * 15, 0), 15)) for v in values]
    upto = [sum(t <= b for t in tones) for b in range(16)]
    first = next(n for n in upto if n)
    return [
        mp.nint(mpf(255 * (upto[t] - first)) / (len(tones) - first)) * 8 / 255 - 4 for t in tones
    ]


def by_tiles(x, *weights):
    """CLAHE with 2 × 2 tiles of 2 × 2 pixels, at most 2 pixels in 256 of a tone, −4 to 4."""

    def channel(values, tall=4, wide=4):
        tones = [int(min(max((v + 4) / 8 * 255, 0), 255)) for v in values]
        tables = {}
        for a, b in itertools.product(range(2), repeat=2):
            inside = [tones[i * wide + j] for i in (2 * a, 2 * a + 1) for j in (2 * b, 2 * b + 1)]
            counts = [mpf(inside.count(t)) for t in range(256)]
            limit = mpf(40) * 4 / 256
            over_ = mp.fsum(max(c - limit, 0) for c in counts) / 256
            counts = [min(c, limit) + over_ for c in counts]
            upto = [mp.fsum(counts[: t + 1]) for t in range(256)]
            tables[a, b] = [255 * (u - upto[0]) / (4 - upto[0]) for u in upto]

        def near(k):  # the tiles on both sides of a pixel, whose middles are 2 apart
            place = mpf(k - 1) / 2
            first = int(mp.floor(place))
            return [
                (min(max(first, 0), 1), 1 - place + first),
                (min(max(first + 1, 0), 1), place - first),
            ]

        return [
            mp.fsum(
                u * v * tables[a, b][tones[i * wide + j]]
                for (a, u), (b, v) in itertools.product(near(i), near(j))
            )
            * 8
            / 255
            - 4
            for i, j in itertools.product(range(tall), range(wide))
        ]

    return channels(channel)(x)


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
    LayerRow("RandomHue", lambda x: [recolored(-8, 8, lambda h, s, v, t=(0.125 if uniform(3, 1, i) < 0.5 else -0.125): ((h + t) % 1, s, v))([image])[0] for i, image in enumerate(x)], ((0.25, 0.25),), {"value_range": [-8, 8], "seed": 3}, (2, 2, 3, 3), training=True, tag="turned"),
    LayerRow("RandomSaturation", recolored(-8, 8, lambda h, s, v: (h, min(s * 3, 1), v)), ((0.75, 0.75),), {"value_range": [-8, 8]}, (2, 2, 3, 3), training=True, tag="stronger"),
    LayerRow("RandomColorJitter", same, (), {"seed": 1, **VALUES, "hue_factor": 0.5}, RGB, tag="at rest"),
    LayerRow("RandomSharpness", sharpened(mpf(0.75)), ((0.75, 0.75),), {"value_range": [-99, 99]}, (2, 3, 4, 2), training=True, tag="sharper"),
    LayerRow("RandomGaussianBlur", over([[a * b for b in bell(5, mpf(0.5))] for a in bell(3, mpf(0.5))]), ((1.0, 1.0), (3, 5), (0.5, 0.5)), VALUES, (2, 3, 6, 1), training=True, tag="blurred"),
    LayerRow("AutoContrast", channels(stretched), ([-4, 4],), {}, (2, 3, 4, 2), tag="stretched"),
    LayerRow("Equalization", channels(equalized), ([-4, 4], 16), {}, (2, 3, 4, 2), tag="spread"),
    LayerRow("ContrastLimitedAdaptiveHistogramEqualization", by_tiles, ([-4, 4], 40, [2, 2]), {}, (2, 4, 4, 1), tag="by tiles"),
    LayerRow("RandomPerspective", same, (), {"seed": 1}, RGB, tag="at rest"),
    LayerRow("RandomElasticTransform", same, (), {"seed": 1, **VALUES}, RGB, tag="at rest"),
    LayerRow("RandAugment", same, ([-4, 4],), {"seed": 1}, RGB, tag="at rest"),
    LayerRow("AugMix", same, ([-4, 4],), {"seed": 1}, RGB, tag="at rest"),
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
