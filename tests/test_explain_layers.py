"""`explain` of every kind of layer: 500 random networks, and each kind beside plain loops."""

import copy
import math
import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.explanation import explained
from chainrule.explanation.context import EXPLAINERS
from chainrule.explanation.digits import Digits
from chainrule.explanation.formula import Style
from chainrule.explanation.layers.generic import Sizes
from chainrule.explanation.steps import Cell, Line, Part, Table, Words

L = cr.layers
CURVES = [
    "linear", "sigmoid", "tanh", "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "softplus",
    "softsign", "silu", "gelu", "mish", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink",
    "soft_shrink", "tanh_shrink", "log_sigmoid", "sparse_plus", "sparse_sigmoid",
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
        return (3, 2), [L.Dense(2), inside, end]
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
    after, masked = pick(rng, [(L.Flatten, False), (L.GlobalAveragePooling1D, True),
                               (lambda: L.LSTM(2), True)])  # fmt: skip
    return "ids", [L.Embedding(5, 2, mask_zero=masked and bool(rng.integers(2))), after()]


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
    """(name, formula, value) of everything that is printed, long form and short."""
    for part in solution.parts:
        for item in part.items:
            if isinstance(item, Line):
                yield item.name, item.formula, item.value
            elif isinstance(item, Table):
                for row in item.rows:
                    for cell in row[1:]:
                        if isinstance(cell, Cell):
                            yield row[0], cell.formula, cell.value


def gradients_of(solution):
    """(place of a weight, its gradient) wherever one is printed."""
    for part in solution.parts:
        for item in part.items:
            if isinstance(item, Line) and item.name.startswith("∂E/∂") and item.at:
                yield item.at[0], item.value
            elif isinstance(item, Table):
                yield from in_table(item)


def in_table(table):
    for row, at in zip(table.rows, table.at, strict=False):
        numbers = [c.value if isinstance(c, Cell) else c for c in row[1:]]
        if "from the row's name" in table.title:  # a row for each input, a column for each unit
            yield from ((c.at, c.value) for c in row[1:] if isinstance(c, Cell))
        elif "gradient" in table.columns and at and "[" in at[0]:
            yield at[0], numbers[table.columns.index("gradient") - 1]
        elif "∂E/∂w" in table.columns[-1]:
            yield at[0], numbers[-1]


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


@pytest.mark.parametrize(
    "block", [n if n < 4 else pytest.param(n, marks=pytest.mark.soak) for n in range(10)]
)
def test_500_random_networks(double, block, monkeypatch):
    """What is printed is the tape's, a central difference's, and Python's own arithmetic."""
    monkeypatch.setattr(explained, "check_part", no_check)
    told = {"formulas": 0, "by hand": 0, "gradients": 0, "differences": 0, "kinks": 0}
    for seed in range(50 * block, 50 * block + 50):
        examine(seed, told)
    assert told["formulas"] > 500
    assert told["by hand"] > 0.8 * told["formulas"]
    assert told["gradients"] > 600
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
    for stage in solution.stages:  # nobody fell back to sizes, as where a composition changed
        assert stage.stage.kind not in EXPLAINERS or not isinstance(stage, Sizes), seed
    assert not solution.say.doubts, seed
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
    for name, formula, value in pieces(solution):
        if formula is not None:
            told["formulas"] += 1
            close = pytest.approx(value, rel=1e-8, abs=1e-10 * (1 + size_of(formula)))
            assert float(formula.value) == close, (seed, name)
            by_hand = worked_out(formula)
            if by_hand is not None:
                told["by hand"] += 1
                assert by_hand == close, (seed, name)
    for place, value in gradients_of(solution):
        match = re.fullmatch(r"(.*)\[([\d,]*)\]", place)
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


# --- each kind beside plain loops -----------------------------------------------------------------


def stack(shape, *layers, loss="mse"):
    cr.utils.set_random_seed(5)
    model = cr.Sequential([L.Input(shape), *layers])
    model.compile("sgd", loss)
    return model


def lines_of(solution, part):
    return {i.name: i for i in solution[part].items if isinstance(i, Line)}


def tables_of(solution, part):
    return [i for i in solution[part].items if isinstance(i, Table)]


def squashed(z):
    return 1 / (1 + np.exp(-z))


def untied(kind, x, w, us, b, v):
    """The loss of a recurrent network whose recurrent kernel is another one at each step."""
    n = us[0].shape[0]
    h, c = np.zeros(n), np.zeros(n)
    for x_t, u in zip(x, us, strict=True):
        if kind == "SimpleRNN":
            h = np.tanh(x_t @ w + h @ u + b)
        elif kind == "LSTM":
            i, f, g, o = np.split(x_t @ w + h @ u + b, 4)
            c = squashed(f) * c + squashed(i) * np.tanh(g)
            h = squashed(o) * np.tanh(c)
        elif kind == "GRU after":
            xz, xr, xg = np.split(x_t @ w + b[0], 3)
            hz, hr, hg = np.split(h @ u + b[1], 3)
            z, r = squashed(xz + hz), squashed(xr + hr)
            h = z * h + (1 - z) * np.tanh(xg + r * hg)
        else:
            xz, xr, xg = np.split(x_t @ w + b, 3)
            hz, hr = np.split(h @ u[:, : 2 * n], 2)
            z, r = squashed(xz + hz), squashed(xr + hr)
            h = z * h + (1 - z) * np.tanh(xg + (r * h) @ u[:, 2 * n :])
    return float((1.0 - h @ v) ** 2)


RECURRENT = {
    "SimpleRNN": lambda: L.SimpleRNN(2), "LSTM": lambda: L.LSTM(2), "GRU after": lambda: L.GRU(2),
    "GRU before": lambda: L.GRU(2, reset_after=False),
}  # fmt: skip


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_recurrent_gradient_is_the_sum_over_time(double, kind):
    """What each step adds: central differences of a network with a kernel of its own each step."""
    model = stack((4, 2), RECURRENT[kind](), L.Dense(1, use_bias=False))
    x = np.random.default_rng(1).normal(size=(1, 4, 2))
    solution = cr.explain(model, x, [[1.0]])
    w, u, b, v = [np.asarray(k, float) for k in model.get_weights()]
    table = next(t for t in tables_of(solution, "backward") if t.columns[-1] == "δ·h")
    total = next(i for n, i in lines_of(solution, "backward").items() if n.startswith("∂E/∂U["))
    k, column = map(int, re.findall(r"\d+", total.name))
    steps = []
    for t in range(4):
        pair = []
        for h in (1e-6, -1e-6):
            us = [u.copy() for _ in range(4)]
            us[t][k, column] += h
            pair.append(untied(kind, x[0], w, us, b, v[:, 0]))
        steps.append((pair[0] - pair[1]) / 2e-6)
    printed = [row[-1].value for row in table.rows]
    np.testing.assert_allclose(printed, steps, rtol=1e-5, atol=1e-9)
    assert np.abs(steps).max() > 1e-6
    gradient = solution.say.recording.weights[1].gradient
    assert math.fsum(printed) == pytest.approx(gradient[k, column], rel=1e-12)
    assert total.value == gradient[k, column]
    for row in table.rows:  # and each is δ · h(t-1), as the columns before say
        assert row[-1].formula.value == pytest.approx(row[-3] * row[-2], rel=1e-12)
        assert row[-1].value == pytest.approx(row[-3] * row[-2], rel=1e-9, abs=1e-15)


def test_gates_over_time(double):
    model = stack((3, 2), L.LSTM(2), L.Dense(1))
    x = np.random.default_rng(2).normal(size=(1, 3, 2))
    solution = cr.explain(model, x, [[1.0]])
    w, u, b = (np.asarray(a, float) for a in model.get_weights()[:3])
    table = next(t for t in tables_of(solution, "forward") if t.columns[1:] == tuple("ifgoch"))
    unit = solution.stages[0].unit
    h, c = np.zeros(2), np.zeros(2)
    for t in range(3):
        i, f, g, o = np.split(x[0, t] @ w + h @ u + b, 4)
        i, f, g, o = squashed(i), squashed(f), np.tanh(g), squashed(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        expected = [a[unit] for a in (i, f, g, o, c, h)]
        np.testing.assert_allclose(table.rows[t][1:], expected, rtol=1e-10)
    left = next(i for n, i in lines_of(solution, "backward").items() if "∂c(1)" in n)
    assert left.value == pytest.approx(math.prod(row[2] for row in table.rows[1:]), rel=1e-12)


def test_a_masked_step_is_named_and_passes_everything_on(double):
    model = stack((3, 1), L.Masking(), L.LSTM(1), L.Dense(1))
    solution = cr.explain(model, [[[1.0], [2.0], [0.0]]], [[1.0]])
    table = next(t for t in tables_of(solution, "forward") if "f" in t.columns)
    assert [row[0] for row in table.rows] == ["t = 1", "t = 2", "t = 3 masked"]
    assert table.rows[2][-1] == table.rows[1][-1]  # h stays
    assert "net f(2)" in lines_of(solution, "forward")  # the last step that counts is worked


@pytest.mark.parametrize("causal", [False, True])
def test_attention_rows_sum_to_1(double, causal):
    inputs = L.Input((4, 3))
    layer = L.MultiHeadAttention(2, 2)
    outputs = L.Dense(1)(L.GlobalAveragePooling1D()(layer(inputs, inputs, use_causal_mask=causal)))
    model = cr.Model(inputs, outputs)
    x = np.random.default_rng(3).normal(size=(1, 4, 3))
    solution = cr.explain(model, x, [[1.0]], loss="mse")
    shown = solution.stages[0]
    table = next(t for t in tables_of(solution, "backward") if "α" in t.columns)
    wq, bq, wk, bk = (np.asarray(v, float) for v in layer.get_weights()[:4])
    q = np.einsum("tf,fd->td", x[0], wq[:, shown.head]) + bq[shown.head]
    k = np.einsum("tf,fd->td", x[0], wk[:, shown.head]) + bk[shown.head]
    scores = (q @ k.T / math.sqrt(2))[shown.t]
    scores = scores[: shown.t + 1] if causal else scores
    expected = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose([row[1] for row in table.rows], scores, rtol=1e-9)
    np.testing.assert_allclose([row[2] for row in table.rows], expected, rtol=1e-9)
    assert lines_of(solution, "forward")["Σ α"].value == pytest.approx(1, abs=1e-15)
    assert len(table.rows) == (shown.t + 1 if causal else 4)
    mean = math.fsum(row[2] * row[3] for row in table.rows)
    for row in table.rows:  # a row of the softmax's Jacobian
        assert row[4].value == pytest.approx(row[2] * (row[3] - mean), rel=1e-9, abs=1e-15)


def test_one_window_and_the_whole_map(double):
    model = stack((4, 4, 2), L.Conv2D(2, 2, strides=2, padding="same", activation="tanh"),
                  L.Flatten(), L.Dense(1))  # fmt: skip
    x = np.random.default_rng(4).normal(size=(2, 4, 4, 2))
    solution = cr.explain(model, x, [[1.0], [0.0]])
    kernel, bias, _, _ = (np.asarray(v, float) for v in model.get_weights())
    stage = solution.stages[0]
    (p, q), f = stage.p, stage.f
    window = x[0, 2 * p : 2 * p + 2, 2 * q : 2 * q + 2]
    z = lines_of(solution, "forward")[f"z[{p},{q},{f}]"]
    assert z.value == pytest.approx(float((window * kernel[..., f]).sum() + bias[f]), rel=1e-12)
    delta = solution.say.recording.gradient(stage.z)
    assert abs(delta[0, p, q, f]) == np.abs(delta[0]).max()
    line = next(i for n, i in lines_of(solution, "backward").items() if n.startswith("∂E/∂K["))
    i, j, c, f = map(int, re.findall(r"\d+", line.name))
    total = math.fsum(delta[r, a, b, f] * x[r, 2 * a + i, 2 * b + j, c]
                      for r in range(2) for a in range(2) for b in range(2))  # fmt: skip
    assert line.value == pytest.approx(total, rel=1e-12)
    assert line.at[0] == f"conv2d/kernel[{i},{j},{c},{f}]"
    assert line.note == "sum over 4 positions of 2 rows"


@pytest.mark.parametrize("settings", [{}, {"strides": 2}, {"dilation_rate": 2}])
def test_numbers_under_a_window_are_those_of_their_names(double, settings):
    """x[i,j,c](r) is that number of the batch, K[i,j,c,f] that of the kernel, padding is 0."""
    model = stack((5, 4, 2), L.Conv2D(2, 3, padding="same", **settings), L.Flatten(), L.Dense(1))
    x = np.random.default_rng(6).normal(size=(2, 5, 4, 2))
    solution = cr.explain(model, x, [[1.0], [0.0]])
    kernel = np.asarray(model.get_weights()[0], float)
    delta = solution.say.recording.gradient(solution.stages[0].z)
    seen = 0
    lines = [
        lines_of(solution, "forward")[f"c{solution.stages[0].spot}"],
        *(i for n, i in lines_of(solution, "backward").items() if n.startswith("∂E/∂K[")),
    ]
    for line in lines:
        for leaf in line.formula.leaves():
            match = re.fullmatch(r"([xKδ])\[([\d,]+)\](?:\((\d)\))?", leaf.name)
            if match:
                index = tuple(map(int, match[2].split(",")))
                row = int(match[3] or 1) - 1
                array = {"x": x[row], "K": kernel, "δ": delta[row]}[match[1]]
                assert leaf.value == pytest.approx(array[index], rel=1e-12)
                seen += 1
            else:
                assert leaf.name != "pad" or leaf.value == 0
    assert seen >= 16  # four products of each line


def test_who_wins_a_pool_gets_the_gradient(double):
    model = stack((4, 1), L.Dense(1, use_bias=False), L.MaxPooling1D(3, strides=1), L.Flatten(),
                  L.Dense(1, use_bias=False))  # fmt: skip
    model.set_weights([[[1.0]], [[2.0], [3.0]]])
    # windows (1, 5, 2) and (5, 2, 4): 5 wins both; E = (0 - 25)², dE/dp = 50·(2, 3)
    solution = cr.explain(model, [[[1.0], [5.0], [2.0], [4.0]]], [[0.0]])
    forward, backward = lines_of(solution, "forward"), lines_of(solution, "backward")
    assert forward["p[1,0]"].value == 5.0
    assert [leaf.value for leaf in forward["p[1,0]"].formula.leaves()] == [5.0, 2.0, 4.0]
    line = backward["∂E/∂u[1,0]"]
    assert line.value == 250.0
    assert [leaf.value for leaf in line.formula.leaves()] == [100.0, 150.0]
    assert line.note == "of 2 windows"


def test_the_mask_is_the_one_that_training_draws_next(double):
    """Where a unit is dropped, its weight to the output gets no gradient and does not move."""
    model = stack((1,), L.Dense(12, bias_initializer="ones", trainable=False), L.Dropout(0.5),
                  L.Dense(1))  # fmt: skip
    model.compile("sgd", "mse")
    seen = set()
    for _ in range(3):
        solution = cr.explain(model, [[0.1]], [[9.0]])
        words = next(i.text for i in solution["forward"].items if "mask" in getattr(i, "text", ""))
        before = model.layers[2].kernel.numpy().copy()
        model.train_on_batch(np.array([[0.1]]), np.array([[9.0]]), engine="numpy")
        moved = (model.layers[2].kernel.numpy() != before)[:, 0]
        assert words == "mask " + " ".join(str(int(m)) for m in moved)
        seen.add(words)
    assert len(seen) == 3  # another one each step


def test_three_ways_back_through_a_normalization(double):
    model = stack((3,), L.Dense(4), L.LayerNormalization(epsilon=0.1), L.Dense(1))
    solution = cr.explain(model, [[1.0, 2.0, -1.0]], [[1.0]])
    rec, stage = solution.say.recording, solution.stages[1]
    x, d_y = rec.value(stage.x)[0], rec.gradient(stage.y)[0]
    over = 1 / math.sqrt(x.var() + 0.1)
    x_hat, g = (x - x.mean()) * over, d_y * over  # γ is 1
    back, k = lines_of(solution, "backward"), stage.place[0]
    assert back["g"].value == pytest.approx(g[k], rel=1e-10)
    assert back["through σ²"].value == pytest.approx(-x_hat[k] * (g * x_hat).mean(), rel=1e-9)
    assert back["through μ"].value == pytest.approx(-g.mean(), rel=1e-9)
    whole = g[k] - g.mean() - x_hat[k] * (g * x_hat).mean()
    assert back[f"∂E/∂a1_{k + 1}"].value == pytest.approx(whole, rel=1e-9)


def test_a_row_of_an_embedding_sums_over_where_it_was_read(double):
    model = stack((4,), L.Embedding(6, 1), L.Flatten(), L.Dense(1, use_bias=False))
    model.set_weights([np.arange(6.0)[:, None], [[1.0], [2.0], [4.0], [8.0]]])
    # e = 3, 1, 3, 0 → 3 + 2 + 12 + 0 = 17; E = (16 - 17)², dE/de = 2·(1, 2, 4, 8)
    solution = cr.explain(model, [[3, 1, 3, 0]], [[16.0]])
    line = lines_of(solution, "backward")["∂E/∂T[0,0]"]
    assert line.value == 16.0  # 2 · 8: row 0 was read last
    assert line.note == "row 0 was read 1×; 3 of 6 rows get 0"
    twice = cr.explain(model, [[3, 1, 3, 3]], [[40.0]])  # E = (40 - 41)²
    line = lines_of(twice, "backward")["∂E/∂T[3,0]"]
    assert [leaf.value for leaf in line.formula.leaves()] == [2 * k for k in (1.0, 4.0, 8.0)]


def test_layers_inside_layers_are_shown_themselves(double):
    model = stack((3,), L.Embedding(5, 4), L.TransformerEncoder(6, 2), L.GlobalMaxPooling1D(),
                  L.Dense(1))  # fmt: skip
    solution = cr.explain(model, [[1, 2, 3]], [[1.0]])
    kinds = [s.stage.kind for s in solution.stages]
    assert kinds == ["Embedding", "CachedMultiHeadAttention", "TransformerEncoder",
                     "LayerNormalization", "Dense", "Dense", "TransformerEncoder",
                     "LayerNormalization", "GlobalMaxPooling1D", "Dense"]  # fmt: skip
    assert [type(s).__name__ for s in solution.stages[2:7:4]] == ["Merged", "Merged"]


def test_a_layer_that_is_called_twice_is_shown_twice(double):
    inputs = L.Input((2,))
    layer = L.Dense(2, "tanh")
    model = cr.Model(inputs, layer(layer(inputs)))
    solution = cr.explain(model, [[1.0, 2.0]], [[0.0, 1.0]], loss="mse")
    assert [s.stage.name for s in solution.stages] == ["dense", "dense"]
    with cr.record() as tape:
        total = cr.losses.get("mse")([[0.0, 1.0]], model(np.array([[1.0, 2.0]])))
    (exact, _) = tape.gradients(total, model.trainable_variables)
    np.testing.assert_allclose(solution.say.recording.weights[0].gradient, exact, rtol=1e-12)


class Odd(L.LSTM):
    """A layer that computes something else than what its class says."""

    def run(self, sequences, states, mask, training, drop):
        last = cr.ops.tanh(cr.ops.matmul(sequences[:, -1], self.cell.kernel[:, :2]))
        return last, None, states


def test_what_does_something_else_falls_back_to_sizes(double):
    Odd.__name__ = "LSTM"
    model = stack((3, 2), Odd(2), L.Dense(1))
    x = np.random.default_rng(7).normal(size=(1, 3, 2))
    solution = cr.explain(model, x, [[1.0]])
    assert type(solution.stages[0]).__name__ == "Sizes"
    assert "lstm" in str(solution)


def test_units_behind_a_map_name_what_they_take():
    model = stack((4, 4, 1), L.Conv2D(1, 3, use_bias=False), L.MaxPooling2D(2), L.Flatten(),
                  L.Dense(1))  # fmt: skip
    solution = cr.explain(model, np.ones((1, 4, 4, 1)), [[1.0]], detail="neuron")
    assert "w1_11·p[0,0,0]" in str(solution)


@pytest.mark.parametrize("deep", [6, 30])
def test_long_networks_stay_short(deep):
    layers = [layer for _ in range(deep) for layer in (L.Conv1D(2, 2, padding="same",
                                                                activation="tanh"),
                                                       L.LayerNormalization())]  # fmt: skip
    model = stack((4, 2), *layers, L.Flatten(), L.Dense(1))
    solution = cr.explain(model, np.ones((1, 4, 2)), [[1.0]])
    text = str(solution).splitlines()
    assert len(text) <= 80
    assert max(map(len, text)) <= 80
    whole = solution.text(more=True)
    assert whole.count("∂E/∂γ") == deep  # nothing is lost: it is there for those who ask
    if deep == 30:
        assert f"{2 * deep + 2} layers, root mean squares; the first and last 6" in str(solution)


class Block(L.Layer):
    """Two layers, of which `explain` knows one."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inside, self.length = L.Dense(2), L.UnitNormalization()

    def call(self, x):
        return self.length(self.inside(x))


def test_a_block_of_ones_own_shows_what_it_is_made_of(double):
    solution = cr.explain(stack((2,), Block(), L.Dense(1)), [[1.0, 2.0]], [[1.0]])
    assert [s.stage.kind for s in solution.stages] == ["Dense", "UnitNormalization", "Dense"]


def test_what_comes_from_a_sum_and_from_side_by_side(double):
    """A residual hands its gradient to both terms; a concatenation keeps the names."""
    inputs = L.Input((2,))
    first = L.Dense(2, "tanh")(inputs)
    added = L.Add()([first, L.Dense(2, "tanh")(first)])
    model = cr.Model(inputs, L.Dense(1)(L.Concatenate()([added, first])))
    solution = cr.explain(model, [[1.0, 2.0]], [[1.0]], loss="mse", detail="neuron")
    formula = lines_of(solution, "forward")["a3_1"].formula
    names = [leaf.name for leaf in formula.leaves()]
    assert names[1:8:2] == ["s[0]", "s[1]", "a1_1", "a1_2"]
    line = next(i for n, i in lines_of(solution, "forward").items() if n.startswith("s["))
    assert [leaf.name[:2] for leaf in line.formula.leaves()] == ["a1", "a2"]
