"""`explain` of every kind of layer: 500 random networks, and each kind beside plain loops."""

import copy
import math
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.explanation import explained
from chainrule.explanation.digits import Digits
from chainrule.explanation.formula import Style
from chainrule.explanation.steps import Cell, Line, Part, Table, Words

L = cr.layers
CURVES = [
    "linear", "sigmoid", "tanh", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "softplus",
    "softsign", "silu", "gelu", "mish", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink",
    "soft_shrink", "tanh_shrink", "threshold", "log_sigmoid", "sparse_plus", "sparse_sigmoid",
    "squareplus", "softmax", "log_softmax", "sparsemax", "step", "sign", "exponential",
]  # fmt: skip
# a loss, what stands before it, what the targets are
LOSSES = [
    ("mse", "linear", "real"), ("half_squared_error", "tanh", "real"), ("mae", "linear", "real"),
    ("huber", "linear", "real"), ("log_cosh", "linear", "real"), ("hinge", "tanh", "sign"),
    ("squared_hinge", "linear", "sign"), ("binary_crossentropy", "sigmoid", "bit"),
    ("categorical_crossentropy", "softmax", "one"), ("kl_divergence", "softmax", "one"),
    ("sparse_categorical_crossentropy", "softmax", "class"), ("poisson", "softplus", "bit"),
    ("categorical_hinge", "linear", "one"), ("cosine_similarity", "linear", "real"),
    ("mean_squared_logarithmic_error", "softplus", "bit"), ("mean_bias_error", "linear", "real"),
    ("mean_absolute_percentage_error", "linear", "sign"),
]  # fmt: skip


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def targets(rng, kind, rows, n):
    if kind == "class":
        return rng.integers(0, n, (rows,))
    if kind == "one":
        return np.eye(n)[rng.integers(0, n, rows)]
    if kind == "bit":
        return rng.integers(0, 2, (rows, n)).astype(float)
    if kind == "sign":
        return rng.integers(0, 2, (rows, n)) * 2.0 - 1
    return rng.normal(size=(rows, n))


def dense(rng):
    layers = [
        L.Dense(int(rng.integers(1, 4)), pick(rng, CURVES), use_bias=bool(rng.integers(4)))
        for _ in range(int(rng.integers(1, 3)))
    ]
    return (int(rng.integers(1, 4)),), layers


def convolution(rng):
    curve = pick(rng, ["linear", "tanh", "relu", "gelu", "sigmoid"])
    settings = {"padding": pick(rng, ["valid", "same"]), "activation": curve}
    kind = int(rng.integers(4))
    if kind == 0:
        layers = [L.Conv1D(2, 2, strides=int(rng.integers(1, 3)), **settings)]
        shape = (5, 2)
    elif kind == 1:
        layers = [L.DepthwiseConv2D(2, depth_multiplier=2, **settings)]
        shape = (4, 4, 2)
    elif kind == 2:
        layers = [L.Conv2D(2, 1), L.Conv2D(4, 2, groups=2, **settings)]
        shape = (4, 4, 1)
    else:
        layers = [L.Conv2D(2, 3, use_bias=bool(rng.integers(2)), **settings)]
        shape = (5, 5, 1)
    if len(shape) == 3:
        pool = [L.MaxPooling2D, L.AveragePooling2D]
        size = {"padding": "same", "strides": int(rng.integers(1, 3))}
        layers.append(pick(rng, pool)(2, **size))
        layers.append(pick(rng, [L.Flatten, L.GlobalAveragePooling2D, L.GlobalMaxPooling2D])())
    else:
        layers += [L.MaxPooling1D(2), L.Flatten()]
    return shape, layers


def recurrent(rng):
    units, bias = int(rng.integers(1, 3)), bool(rng.integers(4))
    every = [
        lambda **k: L.SimpleRNN(units, use_bias=bias, **k),
        lambda **k: L.LSTM(units, use_bias=bias, **k),
        lambda **k: L.GRU(units, use_bias=bias, **k),
        lambda **k: L.GRU(units, use_bias=bias, reset_after=False, **k),
        lambda **k: L.LSTM(units, activation="relu", recurrent_activation="hard_sigmoid", **k),
        lambda **k: L.GRU(units, activation="softsign", recurrent_dropout=0.3, **k),
        lambda **k: L.RNN(L.LSTMCell(units), **k),
        lambda **k: L.Bidirectional(L.LSTM(units), **k),
    ]
    layers = [pick(rng, every)()]
    if rng.integers(3) == 0:
        layers.insert(0, every[1](return_sequences=True))
    if rng.integers(3) == 0:
        layers.insert(0, L.Masking(0.0))
    return (int(rng.integers(2, 5)), 2), layers


class Look(L.Layer):
    """Attention of a sequence on itself, between layers of a stack."""

    def __init__(self, kind, causal, **kwargs):
        super().__init__(**kwargs)
        self.kind, self.causal = kind, causal
        if kind == "heads":
            self.inner = L.MultiHeadAttention(2, 2, dropout=0.2)
        elif kind == "groups":
            self.inner = L.GroupQueryAttention(2, 2, 1)
        else:
            self.inner = {"plain": L.Attention, "additive": L.AdditiveAttention}[kind](
                use_scale=True
            )

    def call(self, x):
        if self.kind in ("heads", "groups"):
            return self.inner(x, x, use_causal_mask=self.causal)
        return self.inner([x, x], use_causal_mask=self.causal)


def attention(rng):
    end = pick(rng, [L.Flatten, L.GlobalAveragePooling1D, L.GlobalMaxPooling1D])()
    if rng.integers(5) == 0:
        inside = L.TransformerEncoder(3, 1, normalize_first=bool(rng.integers(2)))
        return (3, 2), [inside, end]
    kind = pick(rng, ["heads", "groups", "plain", "additive"])
    look = Look(kind, bool(rng.integers(2)))
    return (3, 2), [L.Dense(2), look, end]


def normalized(rng):
    every = [
        L.LayerNormalization, L.BatchNormalization, L.RMSNormalization,
        lambda: L.GroupNormalization(2), lambda: L.LayerNormalization(scale=False),
        lambda: L.BatchNormalization(center=False, trainable=False),
        lambda: L.BatchNormalization(scale=False),
    ]  # fmt: skip
    between = [L.Activation(pick(rng, ["tanh", "relu", "gelu"]))] if rng.integers(2) else []
    if rng.integers(2):
        return (2,), [L.Dense(4), pick(rng, every)(), *between]
    return (3, 2), [L.Dense(4, "tanh"), pick(rng, every)(), *between, L.Flatten()]


def dropped(rng):
    inside = pick(rng, [L.Dropout(0.5), L.Dropout(0.9), L.Dropout(0.2)])
    return (2,), [L.Dense(3, "tanh"), inside, *([L.ReLU()] if rng.integers(2) else [])]


def embedded(rng):
    after = [L.Flatten(), L.GlobalAveragePooling1D(), L.LSTM(2)]
    return "ids", [L.Embedding(5, 2, mask_zero=bool(rng.integers(2))), pick(rng, after)]


FAMILIES = [dense, dense, convolution, recurrent, attention, normalized, dropped, embedded]


def network(seed):
    """(model, x, y): a random network of a family, compiled."""
    rng = np.random.default_rng(seed)
    cr.utils.set_random_seed(seed)
    family = FAMILIES[seed % len(FAMILIES)]
    shape, layers = family(rng)
    loss, last, kind = LOSSES[seed // len(FAMILIES) % len(LOSSES)]
    rows = 3 if family is normalized else int(rng.integers(1, 4))
    n = 1 if kind == "bit" and rng.integers(2) else 2
    penalty = "l2" if rng.integers(4) == 0 else None
    model = cr.Sequential([
        L.Input((4,)) if shape == "ids" else L.Input(shape), *layers,
        L.Dense(n, last, kernel_regularizer=penalty, bias_initializer="random_normal"),
    ])  # fmt: skip
    x = rng.integers(0, 5, (rows, 4)) if shape == "ids" else rng.normal(size=(rows, *shape))
    if isinstance(layers[0], L.Masking):
        x[0, -1] = 0
    optimizer = pick(rng, ["sgd", "adam", "rmsprop"])
    model.compile(optimizer, loss)
    return model, x, targets(rng, kind, rows, n)


def bits(model):
    every = [*model.variables, *model.optimizer.variables]
    return [np.asarray(v.numpy()).tobytes() for v in every]


def objective(model, x, y):
    """The loss of one training step, of a copy: draws and statistics of the model stay."""
    twin = copy.deepcopy(model)
    out = twin(x, training=True)
    return twin, sum(twin.losses, start=cr.losses.get(twin.loss)(y, out))


def pieces(solution):
    """(name, formula, value, places, note) of everything that is printed, long form and short."""
    for part in solution.parts:
        for item in part.items:
            if isinstance(item, Line):
                yield item.name, item.formula, item.value, item.at
            elif isinstance(item, Table):
                places = item.at or ((),) * len(item.rows)
                for row, at in zip(item.rows, places, strict=True):
                    for cell in row[1:]:
                        if isinstance(cell, Cell):
                            yield row[0], cell.formula, cell.value, at


NAMES = {"exp": math.exp, "ln": math.log, "tanh": math.tanh, "sqrt": math.sqrt, "abs": abs,
         "max": max, "sign": np.sign, "erf": math.erf, "__builtins__": {}}  # fmt: skip


class AllDigits(Style):
    """As it is printed, but with every digit."""

    def number(self, value):
        return repr(float(value))


def worked_out(formula):
    """The printed numbers, multiplied out by Python's own arithmetic; None for named functions."""
    text = formula.write(AllDigits(Digits(15), numbers=True))
    text = re.sub(r"\(([\d,]+) more: ", "(", text)
    for mark, by in (("·", "*"), ("²", "**2"), ("³", "**3"), ("^", "**"), ("½", "0.5"),
                     ("∞", "inf")):  # fmt: skip
        text = text.replace(mark, by)
    text = re.sub(r"(?<![\w.])−", "-", text)
    if set(re.findall(r"[a-zA-Zα-ω_'γβμσ√ε]+", re.sub(r"e[-+]?\d+", "", text))) - set(NAMES):
        return None
    return float(eval(text, dict(NAMES)))  # noqa: S307  (arithmetic that we printed)


def size_of(formula):
    """How large the numbers are that are added up."""
    leaves = [abs(float(leaf.value)) for leaf in formula.leaves()]
    return max(leaves, default=0.0)


@pytest.fixture
def double():
    cr.config.set_floatx("float64")
    yield
    cr.config.set_floatx("float32")


def no_check(say):
    """In place of CHECK, which takes most of the time: as many lines."""
    return Part("check", (Words("a line " * 15),))


@pytest.mark.parametrize("block", range(10))
def test_500_random_networks(double, block, monkeypatch):
    """What is printed is the tape's, a central difference's, and Python's own arithmetic."""
    monkeypatch.setattr(explained, "check_part", no_check)
    told = {"formulas": 0, "by hand": 0, "gradients": 0, "differences": 0, "kinks": 0}
    for seed in range(50 * block, 50 * block + 50):
        examine(seed, told)
    assert told["formulas"] > 500
    assert told["by hand"] > 0.8 * told["formulas"]
    assert told["gradients"] > 200
    assert told["differences"] > 40
    assert told["kinks"] <= 2


def examine(seed, told):
    model, x, y = network(seed)
    before = bits(model)
    solution = cr.explain(model, x, y)
    text = str(solution)
    assert bits(model) == before, seed
    lines = text.splitlines()
    assert len(lines) <= 80, (seed, len(lines))
    assert max(map(len, lines)) <= 80, (seed, max(lines, key=len))
    with cr.record() as tape:  # fused, and apart from all that explain does
        twin, total = objective(model, x, y)
    assert solution.say.recording.loss == pytest.approx(float(total.value), rel=1e-9, abs=1e-12)
    weights = [(p, v) for p, v in twin.named_variables() if v.kind == "weight"]
    gradients = tape.gradients(total, [v for _, v in weights])
    exact = {p.replace(".", "/"): np.asarray(g) for (p, _), g in zip(weights, gradients,
                                                                     strict=True)}  # fmt: skip
    for weight in solution.say.recording.weights:
        found = np.zeros(weight.before.shape) if weight.gradient is None else weight.gradient
        np.testing.assert_allclose(found, exact[weight.path.replace(".", "/")], rtol=1e-7,
                                   atol=1e-9, err_msg=f"{seed} {weight.path}")  # fmt: skip
    shown = {}
    for name, formula, value, at in pieces(solution):
        if formula is not None:
            told["formulas"] += 1
            close = pytest.approx(value, rel=1e-8, abs=1e-10 * (1 + size_of(formula)))
            assert float(formula.value) == close, (seed, name)
            by_hand = worked_out(formula)
            if by_hand is not None:
                told["by hand"] += 1
                assert by_hand == close, (seed, name)
        if name.startswith("∂E/∂") and at:
            match = re.fullmatch(r"(.*)\[([\d,]*)\]", at[0])
            if match and match[1] in exact:
                index = tuple(int(i) for i in match[2].split(",") if i)
                shown[match[1], index] = value
    for (path, index), value in shown.items():
        told["gradients"] += 1
        assert value == pytest.approx(exact[path][index], rel=1e-7, abs=1e-9), (seed, path)
    differences(model, x, y, shown, told, seed)


def differences(model, x, y, shown, told, seed):
    """One of them by central differences: at a kink those of two widths do not agree."""
    if not shown:
        return
    (path, index), value = list(shown.items())[seed % len(shown)]
    variables = {p.replace(".", "/"): v for p, v in model.named_variables() if v.kind == "weight"}
    variable = variables[path]
    start = variable.numpy().copy()

    def at(step):
        moved = start.copy()
        moved[index] += step
        variable.assign(moved)
        return float(objective(model, x, y)[1])

    told["differences"] += 1
    loose = 2e-5 * (1 + abs(value))
    found = (at(1e-5) - at(-1e-5)) / 2e-5
    if abs(found - value) > loose:  # wrong, or a kink
        told["kinks"] += 1
        other = (at(3e-6) - at(-3e-6)) / 6e-6
        one_sided = (at(1e-5) - at(0)) / 1e-5, (at(0) - at(-1e-5)) / 1e-5
        kink = abs(other - found) > loose / 2 or abs(one_sided[0] - one_sided[1]) > 1e-3 * loose
        assert kink, (seed, path, index, value, found)
    variable.assign(start)
