"""The decks' programs and worked examples, through the ordinary API.

Each worked example is computed a second time with mpmath at 40 digits, neuron by neuron as on the
slide, and the ordinary API has to agree to 1e-12 in float64 on both engines. The figures of the
course's specification are checked beside it, to the digits that are given there.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import chainrule as cr
from chainrule.layers import Activation, Dense, Layer, Linear, Sigmoid
from chainrule.models import Sequential

pytestmark = pytest.mark.usefixtures("as_users_compile")
ENGINES = ("numpy", "xla")
mp.mp.dps = 40


def sigma(z):
    return 1 / (1 + mp.exp(-z))


def close(ours, exact, tolerance=1e-12):
    exact = np.array([float(v) for v in np.ravel(np.array(exact, dtype=object))])
    np.testing.assert_allclose(np.ravel(ours), exact, rtol=0, atol=tolerance)


def dense(units, **kwargs):
    return Dense(units, dtype="float64", **kwargs)


def one_step(model, x, y, rate, engine, steps=1):
    model.compile(cr.optimizers.SGD(rate), "half_squared_error")
    history = model.fit(
        np.array([x]), np.array([y]), batch_size=1, epochs=steps, verbose=0, engine=engine
    )
    return history.history["loss"]


# --- deck 001: one input, two neurons in a row --------------------------------------------------


def deck_001(w1, b1, w2, b2, x=mp.mpf("0.1"), t=mp.mpf("0.25")):
    """Forward and backward of the slide: values and gradients by name."""
    z1 = w1 * x + b1
    a1 = sigma(z1)
    z2 = w2 * a1 + b2
    a2 = sigma(z2)
    d2 = (a2 - t) * a2 * (1 - a2)
    d1 = d2 * w2 * a1 * (1 - a1)
    return {
        "z1": z1, "a1": a1, "z2": z2, "a2": a2, "E": (t - a2) ** 2 / 2,
        "w1": d1 * x, "b1": d1, "w2": d2 * a1, "b2": d2,
    }  # fmt: skip


START_001 = {k: mp.mpf(v) for k, v in {"w1": ".15", "b1": ".40", "w2": ".45", "b2": ".65"}.items()}


def model_001():
    model = Sequential(
        [cr.Input((1,)), dense(1, activation="sigmoid"), dense(1, activation="sigmoid")]
    )
    model.set_weights([[[0.15]], [0.40], [[0.45]], [0.65]])
    return model


@pytest.mark.parametrize("engine", ENGINES)
def test_deck_001_one_step(engine):
    slide = deck_001(**START_001)
    new = {k: START_001[k] - mp.mpf("0.4") * slide[k] for k in START_001}
    model = model_001()
    close(model.predict(np.array([[0.1]]), engine=engine), slide["a2"])
    loss = one_step(model, [0.1], [0.25], 0.4, engine)
    assert loss == [pytest.approx(float(slide["E"]), abs=1e-7)]  # the running figure is float32
    close(
        np.concatenate([np.ravel(w) for w in model.get_weights()]),
        [new[k] for k in ("w1", "b1", "w2", "b2")],
    )
    close(model.predict(np.array([[0.1]]), engine=engine), deck_001(**new)["a2"])
    # the specification's figures
    assert float(new["w2"]) == pytest.approx(0.42717184072, abs=1e-11)
    assert float(new["b1"]) == pytest.approx(0.395914416474, abs=1e-12)
    assert float(deck_001(**new)["E"]) == pytest.approx(0.103297924711, abs=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_deck_001_until_the_error_is_small(engine):
    weights, errors = dict(START_001), []
    for _ in range(82):
        slide = deck_001(**weights)
        errors.append(slide["E"])
        if slide["E"] < mp.mpf("0.001"):
            break
        weights = {k: weights[k] - mp.mpf("0.4") * slide[k] for k in weights}
    assert len(errors) == 82  # below .001 first at the forward pass of epoch 82
    model = model_001()
    one_step(model, [0.1], [0.25], 0.4, engine, steps=81)
    close(
        np.concatenate([np.ravel(w) for w in model.get_weights()]),
        [weights[k] for k in ("w1", "b1", "w2", "b2")],
    )
    assert float(weights["w2"]) == pytest.approx(-0.337916, abs=1e-6)
    assert model.predict(np.array([[0.1]]))[0, 0] == pytest.approx(0.293912, abs=1e-6)


def test_deck_001_every_number_of_the_backward_pass():
    """The explicit style: each factor of the chain rule can be held in the hand."""
    slide = deck_001(**START_001)
    first, act1, second, act2 = (
        dense(1),
        Sigmoid(dtype="float64"),
        dense(1),
        Sigmoid(dtype="float64"),
    )
    x = np.array([[0.1]])
    for layer, weights in ((first, ([[0.15]], [0.40])), (second, ([[0.45]], [0.65]))):
        layer(x)
        layer.set_weights(weights)
    a2 = act2(second(act1(first(x))))
    d_z2 = act2.backward(a2 - 0.25)
    d_x = first.backward(act1.backward(second.backward(d_z2)))
    close(d_z2, slide["b2"])
    close(second.kernel.grad, slide["w2"])
    close(first.kernel.grad, slide["w1"])
    close(first.bias.grad, slide["b1"])
    close(d_x, slide["b1"] * mp.mpf("0.15"))
    assert float(slide["w1"]) == pytest.approx(0.00102139588148, abs=1e-14)


def test_deck_001_softmax():
    ours = cr.ops.softmax(np.array([1.6, 0.55, 0.98]))
    e = [mp.exp(mp.mpf(z)) for z in ("1.6", "0.55", "0.98")]
    close(ours, [v / sum(e) for v in e], 1e-15)
    np.testing.assert_allclose(ours, [0.529694, 0.185360, 0.284946], atol=5e-7)


def test_deck_001_momentum_forms():
    """E11: five unit gradients at rate .01."""
    for optimizer, moved in (
        (cr.optimizers.MovingAverageMomentum(0.01, 0.9), -0.013144),
        (cr.optimizers.SGD(0.01, momentum=0.9), -0.131441),
    ):
        w = cr.Variable(0.0, dtype="float64")
        for _ in range(5):
            optimizer.apply([np.array(1.0)], [w])
        exact = {
            -0.013144: mp.fsum((1 - mp.mpf("0.9") ** k) for k in range(1, 6)),
            -0.131441: mp.fsum((1 - mp.mpf("0.9") ** k) * 10 for k in range(1, 6)),
        }[moved]
        close(w.numpy(), -exact / 100)
        assert float(w) == pytest.approx(moved, abs=1e-6)


def test_deck_001_rmsprop_and_adam_first_steps():
    """E12: without bias correction the first step is 1/√(1 − ρ) of the rate, 3.16 at .9."""
    w = cr.Variable(0.0, dtype="float64")
    cr.optimizers.RMSprop(1.0, rho=0.9).apply([np.array(1.0)], [w])
    assert -float(w) == pytest.approx(float(1 / mp.sqrt(mp.mpf("0.1") + mp.mpf("1e-7"))), abs=1e-12)
    w = cr.Variable(0.0, dtype="float64")
    cr.optimizers.RMSpropOutside(0.01, 0.9, 1e-6).apply([np.array(1.0)], [w])
    assert -float(w) == pytest.approx(
        float(mp.mpf("0.01") / (mp.sqrt(mp.mpf("0.1")) + mp.mpf("1e-6"))), abs=1e-14
    )


def test_e9_categorical_crossentropy_is_not_the_sum_of_binary_ones():
    z = np.array([[1.6, 0.55, 0.98]])
    t = np.array([[1.0, 0.0, 0.0]])
    loss, gradient = cr.value_and_grad(
        lambda v: cr.ops.sum(cr.losses.categorical_crossentropy(t, v, from_logits=True))
    )(z)
    assert float(loss) == pytest.approx(0.635456, abs=1e-6)
    np.testing.assert_allclose(gradient[0], [-0.4703, 0.1854, 0.2849], atol=5e-5)


# --- deck 002: linear, two hidden units, no bias ------------------------------------------------


def deck_002(w, i=(mp.mpf(2), mp.mpf(3)), t=mp.mpf(1)):
    """w1…w6 → prediction, error and the six gradients."""
    h1, h2 = i[0] * w[0] + i[1] * w[1], i[0] * w[2] + i[1] * w[3]
    pred = h1 * w[4] + h2 * w[5]
    d = pred - t
    gradients = [d * w[4] * i[0], d * w[4] * i[1], d * w[5] * i[0], d * w[5] * i[1], d * h1, d * h2]
    return pred, d * d / 2, gradients


START_002 = [mp.mpf(v) for v in (".11", ".21", ".12", ".08", ".14", ".15")]


def in_order_002(model):
    first, second = model.get_weights()
    return [first[0, 0], first[1, 0], first[0, 1], first[1, 1], second[0, 0], second[1, 0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_deck_002(engine):
    model = Sequential([cr.Input((2,)), dense(2, use_bias=False), dense(1, use_bias=False)])
    model.set_weights([[[0.11, 0.12], [0.21, 0.08]], [[0.14], [0.15]]])
    weights, predictions = list(START_002), []
    for _ in range(20):
        pred, _, gradients = deck_002(weights)
        predictions.append(pred)
        close(model.predict(np.array([[2.0, 3.0]]), engine=engine), pred)
        one_step(model, [2.0, 3.0], [1.0], 0.05, engine)
        weights = [w - mp.mpf("0.05") * g for w, g in zip(weights, gradients, strict=True)]
        close(in_order_002(model), weights)
        if len(predictions) == 1:
            np.testing.assert_allclose(
                in_order_002(model),
                [0.121326, 0.226989, 0.132135, 0.0982025, 0.1743825, 0.169416],
                atol=1e-12,
            )
    given = {0: 0.191, 1: 0.2557457808, 9: 0.88981, 19: 0.998542}
    for k, value in given.items():
        assert float(predictions[k]) == pytest.approx(value, abs=5e-6)


def test_deck_002_products_and_perceptron():
    product = cr.ops.matmul(
        np.array([[1, 2, 3], [4, 5, 6]]), np.array([[10, 11], [20, 21], [30, 31]])
    )
    assert product.tolist() == [[140, 146], [320, 335]]
    assert float(cr.ops.sigmoid(np.array(1 + 3 * -1 - 2 * 2.0))) == pytest.approx(
        0.00247262, abs=5e-9
    )


# --- deck 004: two inputs, two hidden units, two outputs, two shared biases ---------------------


def deck_004(w, b, i=(mp.mpf("0.05"), mp.mpf("0.10")), t=(mp.mpf("0.01"), mp.mpf("0.99"))):
    """w1…w8 and b1, b2 → outputs, error, gradients of the weights and of the shared biases."""
    h = [sigma(w[2 * k] * i[0] + w[2 * k + 1] * i[1] + b[0]) for k in range(2)]
    o = [sigma(w[4 + 2 * k] * h[0] + w[5 + 2 * k] * h[1] + b[1]) for k in range(2)]
    d_o = [(o[k] - t[k]) * o[k] * (1 - o[k]) for k in range(2)]
    d_h = [(d_o[0] * w[4 + k] + d_o[1] * w[6 + k]) * h[k] * (1 - h[k]) for k in range(2)]
    gradients = [d_h[k] * i[j] for k in range(2) for j in range(2)]
    gradients += [d_o[k] * h[j] for k in range(2) for j in range(2)]
    return o, sum((t[k] - o[k]) ** 2 for k in range(2)) / 2, gradients, (sum(d_h), sum(d_o))


START_004 = [mp.mpf(v) for v in (".15", ".20", ".25", ".30", ".40", ".45", ".50", ".55")]
BIAS_004 = (mp.mpf(".35"), mp.mpf(".60"))


class SharedBias(Layer):
    """x + b with one b for all units, as the deck draws it."""

    def build(self, input_shape):
        self.b = self.add_weight("b", ())

    def call(self, x):
        return x + self.b


def model_004(bias_trained):
    def block():
        shared = SharedBias(dtype="float64", trainable=bias_trained)
        return [dense(2, use_bias=False), shared, Activation("sigmoid", dtype="float64")]

    model = Sequential([cr.Input((2,)), *block(), *block()])
    model.set_weights([[[0.15, 0.25], [0.20, 0.30]], 0.35, [[0.40, 0.50], [0.45, 0.55]], 0.60])
    return model


def in_order_004(model):
    first, b1, second, b2 = model.get_weights()
    return [*first.T.ravel(), *second.T.ravel()], [float(b1), float(b2)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bias_trained", [False, True])
def test_deck_004_one_step(engine, bias_trained):
    o, _, gradients, d_b = deck_004(START_004, BIAS_004)
    model = model_004(bias_trained)
    close(model.predict(np.array([[0.05, 0.10]]), engine=engine), o)
    one_step(model, [0.05, 0.10], [0.01, 0.99], 0.5, engine)
    new = [w - g / 2 for w, g in zip(START_004, gradients, strict=True)]
    new_b = [b - d / 2 for b, d in zip(BIAS_004, d_b, strict=True)] if bias_trained else BIAS_004
    weights, biases = in_order_004(model)
    close(weights, new)
    close(biases, new_b)
    given = [0.149780716133, 0.199561432266, 0.249751143632, 0.299502287265]
    given += [0.358916479718, 0.408666186076, 0.511301270239, 0.561370121108]
    np.testing.assert_allclose(weights, given, atol=1e-12)
    after = deck_004(new, new_b)
    assert float(after[1]) == pytest.approx(
        0.285750886699 if bias_trained else 0.291027773694, abs=1e-12
    )
    close(model.predict(np.array([[0.05, 0.10]]), engine=engine), after[0])


@pytest.mark.parametrize("bias_trained", [False, True])
def test_deck_004_ten_thousand_steps(bias_trained):
    model = model_004(bias_trained)
    one_step(model, [0.05, 0.10], [0.01, 0.99], 0.5, "xla", steps=10_000)
    out = model.predict(np.array([[0.05, 0.10]]))[0]
    np.testing.assert_allclose(
        out, [0.012102, 0.987928] if bias_trained else [0.015914, 0.984064], atol=1e-6
    )
    error = float(0.5 * ((out - [0.01, 0.99]) ** 2).sum())
    assert error == pytest.approx(4.3553e-6 if bias_trained else 3.5102e-5, rel=1e-4)


def test_deck_004_root_mean_squared_error():
    """E33: the mean under the root, not the sum; .5462 against .7725 for the deck's outputs."""
    t, y = np.array([[0.01, 0.99]]), np.array([[0.751365069552, 0.772928465321]])
    metric = cr.metrics.RootMeanSquaredError()
    assert float(metric(t, y)) == pytest.approx(0.5462, abs=5e-5)


# --- the programs -------------------------------------------------------------------------------


def test_deck_003_network_and_training_loop():
    """Its class and its loop, with E28's slips mended; the loss falls and XOR is learnt."""
    cr.utils.set_random_seed(3)

    class NeuralNetwork:
        def __init__(self):
            self.linear = Linear(8)
            self.act = Sigmoid()
            self.linear2 = Linear(1)
            self.act2 = Sigmoid()
            self.layers = [self.linear, self.act, self.linear2, self.act2]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

        def backward(self, d_out):
            for layer in reversed(self.layers):
                d_out = layer.backward(d_out)
            return d_out

        def zero_grad(self):
            for layer in self.layers:
                layer.zero_grad()

        def update_weights(self, rate):
            for layer in self.layers:
                for w in layer.trainable_variables:
                    w.assign(w.value - rate * w.grad)

    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array([[0], [1], [1], [0]], dtype=np.float32)
    network, losses = NeuralNetwork(), []
    for _ in range(4000):
        network.zero_grad()
        prediction = network.forward(x)
        losses.append(float(((prediction - y) ** 2).mean()))
        network.backward(2 * (prediction - y) / len(x))
        network.update_weights(2.0)
    assert losses[-1] < 0.01 < losses[0]
    assert (network.forward(x) > 0.5).ravel().tolist() == [False, True, True, False]
