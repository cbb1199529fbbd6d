"""Graphs and sessions (`chainrule.graph`): deck 004's programs, both engines, what is refused."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import chainrule as cr
import chainrule.graph as tf
from chainrule.errors import (
    ArgumentError,
    ChainruleError,
    DataError,
    ShapeError,
    StateError,
    UnknownAttributeError,
    UnknownNameError,
)
from chainrule.training.engines import xla


@pytest.fixture(autouse=True)
def own_graph():
    tf.reset_default_graph()
    yield
    tf.reset_default_graph()


def session(engine="numpy"):
    sess = tf.Session(engine=engine)
    sess.run(tf.global_variables_initializer())
    return sess


# --- the programs of deck 004 -------------------------------------------------------------------


def test_placeholders_as_printed(capsys):
    x1 = tf.placeholder(tf.int32)
    x2 = tf.placeholder(tf.int32)
    sess = tf.Session()
    print(sess.run(tf.multiply(x1, x2), {x1: [3, 4], x2: [5, 1]}))
    assert capsys.readouterr().out == "[15  4]\n"


def test_constants_as_printed(capsys):
    a = tf.constant(5.0, tf.float32)
    b = tf.constant(3.0)
    with tf.Session() as sess:
        found = sess.run([a, b])
        print(*found, sess.run(a + b))
    assert capsys.readouterr().out == "5.0 3.0 8.0\n"
    assert [v.dtype for v in found] == [np.float32] * 2
    assert repr(a) == 'Tensor("Const:0", shape=(), dtype=float32)'


def test_variables_as_printed():
    with pytest.warns(UserWarning, match="the second argument is `trainable`") as told:
        node_3 = tf.Variable([0.3], tf.float32)
    assert [w.filename for w in told] == [__file__]  # at the reader's own line
    node_4 = tf.Variable([0.7], dtype=tf.float32)
    assert str(told[0].message) == (
        "tf.Variable: the second argument is `trainable`; tf.float32 is taken as it is meant: "
        "write dtype=tf.float32"
    )
    init = tf.global_variables_initializer()
    sess = tf.Session()
    assert sess.run(init) is None
    assert sess.run(node_3 + node_4) == pytest.approx([1.0])
    assert node_3.trainable
    with pytest.raises(ArgumentError, match="trainable is True or False"):
        tf.Variable([0.3], "w")


def test_every_operation_of_the_slide():
    a, b = tf.constant(9.0), tf.constant(2.0)
    values = tf.Session().run({
        "add": tf.add(a, b), "subtract": tf.subtract(a, b), "multiply": tf.multiply(a, b),
        "div": tf.div(a, b), "pow": tf.pow(a, b), "exp": tf.exp(b), "sqrt": tf.sqrt(a),
        "matmul": tf.matmul([[1, 2, 3], [4, 5, 6]], [[10, 11], [20, 21], [30, 31]]),
    })  # fmt: skip
    expected = {"add": 11, "subtract": 7, "multiply": 18, "div": 4.5, "pow": 81, "sqrt": 3}
    assert {k: float(values[k]) for k in expected} == expected
    assert values["exp"] == pytest.approx(7.38905609893065, rel=1e-6)
    assert values["matmul"].tolist() == [[140, 146], [320, 335]]  # deck 002's product


@pytest.mark.parametrize(
    "name",
    ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "string", "bool"],
)
def test_every_type_of_the_slide(name):
    value = {"string": ["a", "b"], "bool": [True, False]}.get(name, [1, 2])
    kind = getattr(tf, name)
    x = tf.placeholder(kind, [2], name="x")
    y = tf.identity(tf.constant(value, kind))
    assert str(x) == f'Tensor("x:0", shape=(2,), dtype={name})'
    fed, made = tf.Session().run([tf.identity(x), y], {x: value})
    assert fed.tolist() == made.tolist() == value
    assert fed.dtype == made.dtype == kind


def test_ranks_and_shapes_of_the_slide():
    shapes = [[5], [5, 4], [3, 3, 3]]
    tensors = [tf.zeros(s) for s in shapes]
    assert [t.shape.as_list() for t in tensors] == shapes
    assert tf.Session().run([tf.rank(t) for t in tensors]) == [1, 2, 3]


def test_perceptron_with_a_threshold():
    """The linked notebook's AND with Θ = 1, with its older names."""
    tf.disable_v2_behavior()
    x = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    w = tf.Variable([[0.5], [0.7]])
    sess = tf.Session()
    sess.run(tf.initialize_all_variables())
    fires = tf.to_float(tf.greater(tf.matmul(x, w), 1))
    assert sess.run(fires).tolist() == [[0.0], [0.0], [0.0], [1.0]]


@pytest.mark.parametrize("b", [1.0, 0.0])
def test_product_that_broadcasts(b):
    """E38: −6 + 4b where −3 + b is meant, and the warning that says why."""
    x, w = tf.constant([[1.0, 1.0]]), tf.Variable([[2.0], [-5.0]])
    bias = tf.Variable(b)
    with pytest.warns(UserWarning, match=r"\(1, 2\) and \(2, 1\) broadcast to \(2, 2\)"):
        z = tf.reduce_sum(tf.multiply(x, w) + bias)
    meant = tf.matmul(x, w) + bias
    found, right = session().run([z, tf.sigmoid(meant)])
    assert found == -6 + 4 * b
    assert right.item() == pytest.approx({1.0: 0.119202922, 0.0: 0.047425873}[b], rel=1e-6)


def test_a_broadcast_that_is_known_only_when_it_runs_is_told_once():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    error, sess = tf.subtract(x, y), tf.Session()
    with pytest.warns(UserWarning, match=r"tf.subtract: the shapes \(3, 1\) and \(3,\)"):
        sess.run(error, {x: [[1], [2], [3]], y: [1, 2, 3]})
    sess.run(error, {x: [[1], [2], [3]], y: [1, 2, 3]})  # a second warning would be an error


# --- deck 004's example -------------------------------------------------------------------------

DECK = {
    "E": 0.298371108760,
    "w1": [[0.000438567734, 0.000497712735], [0.000877135469, 0.000995425471]],
    "w2": [[0.082167040564, -0.022602540477], [0.082667627847, -0.022740242216]],
    "new1": [[0.149780716133, 0.249751143632], [0.199561432266, 0.299502287265]],
    "new2": [[0.358916479718, 0.511301270239], [0.408666186076, 0.561370121108]],
    "frozen": 0.291027773694,
    "updated": 0.285750886699,
}


def lecture(shared_biases_trained=False):
    """The two-layer example, one bias shared by both units of a layer."""
    x = tf.placeholder(tf.float64, [None, 2], name="x")
    w1 = tf.Variable([[0.15, 0.25], [0.20, 0.30]], dtype=tf.float64, name="w1")
    w2 = tf.Variable([[0.40, 0.50], [0.45, 0.55]], dtype=tf.float64, name="w2")
    b1 = tf.Variable(0.35, shared_biases_trained, dtype=tf.float64)
    b2 = tf.Variable(0.60, shared_biases_trained, dtype=tf.float64)
    hidden = tf.math.sigmoid(tf.matmul(x, w1) + b1)
    out = tf.math.sigmoid(tf.matmul(hidden, w2) + b2)
    loss = tf.reduce_sum(0.5 * tf.squared_difference(out, [[0.01, 0.99]]), name="E")
    train = tf.train.GradientDescentOptimizer(learning_rate=0.5).minimize(loss)
    return x, w1, w2, loss, train


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_example_of_deck_004(engine):
    x, w1, w2, loss, train = lecture()
    slopes = tf.gradients(loss, [w1, w2])
    sess, feed = session(engine), {x: [[0.05, 0.10]]}
    error, d1, d2, nothing = sess.run([loss, *slopes, train], feed)
    assert nothing is None
    assert error == pytest.approx(DECK["E"], abs=5e-13)  # as it was before the step
    np.testing.assert_allclose(d1, DECK["w1"], atol=5e-13)
    np.testing.assert_allclose(d2, DECK["w2"], atol=5e-13)
    new1, new2, after = sess.run([w1, w2, loss], feed)
    np.testing.assert_allclose(new1, DECK["new1"], atol=5e-13)
    np.testing.assert_allclose(new2, DECK["new2"], atol=5e-13)
    assert after == pytest.approx(DECK["frozen"], abs=5e-13)


def test_example_with_its_shared_biases_updated():
    x, _, _, loss, train = lecture(shared_biases_trained=True)
    sess, feed = session(), {x: [[0.05, 0.10]]}
    sess.run(train, feed)
    assert sess.run(loss, feed) == pytest.approx(DECK["updated"], abs=5e-13)


def test_losses_of_the_slides():
    """RMSE with the mean and with the sum (E33), and the losses by their Keras names."""
    y, p = [0.0, 1.0], [0.5, 0.41121]
    differ = tf.squared_difference(y, p)
    of = tf.keras.losses
    run = tf.Session().run
    by_hand = np.sqrt((0.25 + 0.58879**2) / 2)
    assert run(tf.sqrt(tf.reduce_mean(differ))) == pytest.approx(by_hand, rel=1e-6)
    assert run(tf.sqrt(tf.reduce_sum(differ))) == pytest.approx(by_hand * 2**0.5, rel=1e-6)
    assert run(of.MSE(y, p)) == pytest.approx(by_hand**2, rel=1e-6)
    assert run(of.MAE(y, p)) == pytest.approx((0.5 + 0.58879) / 2, rel=1e-6)
    assert run(of.Hinge()([[1.0, -1.0]], [[0.5, -2.0]])) == pytest.approx(0.25)
    assert run(of.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])) == pytest.approx(
        0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75), rel=1e-6
    )
    assert run(of.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])) == pytest.approx(
        np.log(2), rel=1e-6
    )


@pytest.mark.parametrize("name", ["Hinge", "CategoricalCrossentropy", "KLDivergence"])
@pytest.mark.parametrize("of", [tf.keras.losses, cr.losses], ids=["graph", "cr"])
def test_loss_class_given_targets_says_what_is_meant(of, name):
    y = np.array([[0.0, 1.0]])
    functions = {"Hinge": "hinge", "KLDivergence": "kl_divergence"}
    function = functions.get(name, "categorical_crossentropy")
    with pytest.raises(ArgumentError) as error:
        getattr(of, name)(y, y)
    assert str(error.value) == (
        f"{name}: a loss is constructed first, and then called with (y_true, y_pred)\n"
        "  expected: settings, such as reduction and name\n"
        "  received: ndarray of shape (1, 2)\n"
        f"  fix: {name}()(y_true, y_pred), or the function {function}(y_true, y_pred)"
    )
    assert callable(getattr(of, function))


def test_a_loss_of_ones_own_may_be_given_an_array():
    class Weighted(cr.losses.BuiltinLoss):
        function = staticmethod(cr.losses.mean_squared_error)

        def __init__(self, weights):
            super().__init__()
            self.weights = weights

    assert Weighted(np.ones(3)).weights.shape == (3,)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_cross_entropy_of_probabilities_says_that_logits_are_meant(engine):
    y_true = tf.constant([[0.0, 1.0]])
    y_pred = tf.placeholder(tf.float32, [None, 2], name="y_pred")
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y_true, y_pred))
    sess = tf.Session(engine=engine)
    with pytest.warns(UserWarning, match="logits=y_pred holds probabilities"):
        sess.run(loss, {y_pred: [[0.3, 0.7]]})
    sess.run(loss, {y_pred: [[0.3, 0.7]]})  # a second warning would be an error
    found = sess.run(loss, {y_pred: [[0.0, 2.0]]})  # logits: no warning
    assert found == pytest.approx(np.log(1 + np.exp(-2)), rel=1e-6)


def test_squashed_twice_is_told_when_it_is_written():
    """E39: sigmoid outputs as logits; the loss cannot fall below ln(1 + 9/e)."""
    out = tf.sigmoid(tf.placeholder(tf.float32, [None, 10]), name="out")
    labels = np.eye(10)[:1]
    with pytest.warns(UserWarning, match="logits=out is the output of a sigmoid already"):
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=out)
    best = np.where(np.eye(10)[:1] == 1, 40.0, -40.0)
    found = tf.Session().run(loss, {"Placeholder:0": best})
    assert found == pytest.approx([np.log(1 + 9 / np.e)], rel=1e-6)


@pytest.mark.parametrize(
    ("z", "told"), [([[0.2], [0.7]], "the loss always 0"), ([0.9, 0.2, 0.7], "holds probabilities")]
)
def test_binary_cross_entropy_as_the_slide_pairs_it(z, told):
    """E34: one probability for each sample under a softmax."""
    y = np.round(z)
    with pytest.warns(UserWarning, match=told):
        tf.Session().run(tf.nn.softmax_cross_entropy_with_logits(y, z))


def test_notebook_that_the_deck_links_to():
    """E39 in small: it runs, and each of its slips is pointed out."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 6)), np.eye(10)[rng.integers(0, 10, 60)]
    s = tf.InteractiveSession()
    tf.set_random_seed(1)
    input_x = tf.placeholder("float32", shape=(None, 6), name="input_X")
    input_y = tf.placeholder("float32", shape=(None, 10), name="input_Y")
    keep_prob = tf.placeholder(tf.float32)
    weights_0 = tf.Variable(tf.random_normal([6, 8], stddev=(1 / tf.sqrt(float(6)))))
    bias_0 = tf.Variable(tf.random_normal([8]))
    weights_1 = tf.Variable(tf.random_normal([8, 10], stddev=(1 / tf.sqrt(float(8)))))
    bias_1 = tf.Variable(tf.random_normal([10]))
    hidden = tf.nn.dropout(tf.nn.relu(tf.matmul(input_x, weights_0) + bias_0), keep_prob)
    predicted = tf.sigmoid(tf.matmul(hidden, weights_1) + bias_1)
    with pytest.warns(UserWarning, match="is the output of a sigmoid already"):
        each = tf.nn.softmax_cross_entropy_with_logits_v2(logits=predicted, labels=input_y)
    loss = tf.reduce_mean(each) + 0.1 * tf.reduce_sum(tf.square(bias_0))
    with pytest.warns(UserWarning, match="global_step=0 is a number, so the rate never changes"):
        rate = tf.train.exponential_decay(0.05, 0, 5, 0.85, staircase=True)
    optimizer = tf.train.AdamOptimizer(rate).minimize(loss, var_list=[weights_0, weights_1, bias_0])
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(predicted, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    s.run(tf.global_variables_initializer())
    before = s.run(loss, {input_x: x, input_y: y, keep_prob: 1})
    for _ in range(60):
        s.run(optimizer, {input_x: x, input_y: y, keep_prob: 0.6})
    after, right = s.run([loss, accuracy], feed_dict={input_x: x, input_y: y, keep_prob: 1})
    s.close()
    assert np.log(1 + 9 / np.e) < after < before
    assert right > 0.2


def test_a_rate_that_decays_with_the_steps():
    w, step = tf.Variable(0.0, dtype=tf.float64), tf.Variable(0, trainable=False)
    rate = tf.train.exponential_decay(1.0, step, 2, 0.5, staircase=True)
    train = tf.train.GradientDescentOptimizer(rate).minimize(-1.0 * w, global_step=step)
    for engine in ("numpy", "xla"):
        sess = session(engine)
        assert [sess.run([w, train])[0] for _ in range(6)] == [0.0, 1.0, 2.0, 2.5, 3.0, 3.25]


# --- sessions -----------------------------------------------------------------------------------


def test_sessions_never_share_values():
    w = tf.Variable([1.0, 2.0], name="w")
    more = w.assign_add([1.0, 1.0])
    first, second = session(), session()
    first.run(more)
    got = first.run(w)
    got += 100.0  # what is given out is the caller's own
    assert first.run(w).tolist() == [2.0, 3.0]
    assert second.run(w).tolist() == [1.0, 2.0]
    value = np.zeros(2, np.float32)
    second.load(w, value)
    value += 5.0
    assert second.run(w).tolist() == [0.0, 0.0]
    x = tf.placeholder(tf.float32)
    second.run(w.assign(x), {x: value})
    value += 5.0
    assert second.run(w).tolist() == [5.0, 5.0]
    with pytest.raises(StateError, match="the variable 'w' has no value in this session yet"):
        tf.Session().run(w)


def test_sessions_have_their_own_memory_of_an_optimizer():
    w = tf.Variable(1.0)
    train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(1.0 * w)
    first, second = session(), session()
    for _ in range(2):
        first.run(train)
    second.run(train)
    assert first.run(w) == pytest.approx(0.71)  # 1 − .1 − .19
    assert second.run(w) == pytest.approx(0.9)
    first.run(tf.global_variables_initializer())  # also forgets the momentum
    first.run(train)
    assert first.run(w) == pytest.approx(0.9)


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_two_threads_two_sessions_one_optimizer(engine):
    w = tf.Variable(1.0, dtype=tf.float64)
    x = tf.placeholder(tf.float64)
    train = tf.train.AdamOptimizer(0.1).minimize(tf.square(w - x))
    graph = tf.get_default_graph()

    def work(target, found):
        sess = tf.Session(graph=graph, engine=engine)
        with graph.as_default():
            sess.run(tf.global_variables_initializer())
        found.append([sess.run([train, w], {x: target})[1] for _ in range(20)][-1])

    alone: list = [[], []]
    for k, target in enumerate((3.0, -2.0)):
        work(target, alone[k])
    together: list = [[], []]
    threads = [
        threading.Thread(target=work, args=(t, together[k])) for k, t in enumerate((3.0, -2.0))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
    assert alone[0] != alone[1]


def test_one_session_in_several_threads_loses_no_step():
    count = tf.Variable(0)
    more, sess = count.assign_add(1), None
    sess = session()
    threads = [
        threading.Thread(target=lambda: [sess.run(more) for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sess.run(count) == 200


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_run_that_fails_changes_nothing(engine):
    w, x = tf.Variable(1.0), tf.placeholder(tf.int32)
    both = [w.assign(5.0), tf.div(10, x)]
    sess = session(engine)
    with pytest.raises(DataError, match="a whole number is divided by 0"):
        sess.run(both, {x: 0})
    assert sess.run(w) == 1.0
    sess.run(both, {x: 3})
    assert sess.run(w) == 5.0


def test_fetches_inside_each_other_and_by_name():
    x = tf.placeholder(tf.float32, name="x")
    y = tf.add(x, 1.0, name="y")
    sess = tf.Session()
    found = sess.run({"a": [x, (y,)], "b": "y:0", "c": tf.no_op()}, {"x:0": 2.0})
    assert found == {"a": [2.0, (3.0,)], "b": 3.0, "c": None}
    again = tf.add(x, 2.0, name="y")
    assert again.name == "y_1:0"
    assert sess.run(["y:0", "y_1:0"], {x: 0.0}) == [1.0, 2.0]


def test_default_session_and_graph():
    x = tf.constant(2.0)
    with tf.Session() as outer:
        assert x.eval() == 2.0
        with tf.Graph().as_default() as graph, tf.Session() as inner:
            assert inner.graph is graph
            assert tf.get_default_session() is inner
            assert tf.constant(7.0).eval() == 7.0
        assert tf.get_default_session() is outer
    assert tf.get_default_session() is None
    sess = tf.InteractiveSession()
    assert (3.0 * x).eval() == 6.0
    sess.close()
    with pytest.raises(StateError, match="there is no session to eval this in"):
        x.eval()


def test_random_numbers_are_those_of_a_session():
    tf.set_random_seed(3)
    a, b = tf.random_normal([4]), tf.random_uniform([4])
    own = tf.truncated_normal([500], seed=5)
    w = tf.Variable(tf.random_normal([3]))
    one, other, compiled = session(), session(), session("xla")
    draws = [one.run([a, b]), one.run([a, b])]
    assert not np.array_equal(draws[0][0], draws[1][0])
    assert not np.array_equal(draws[0][0], draws[0][1])
    for again in (other, compiled):
        for drawn in draws:
            np.testing.assert_allclose(again.run([a, b]), drawn, rtol=1e-6)
    assert np.array_equal(one.run(w), other.run(w))
    assert abs(one.run(own)).max() <= 2.0
    free = tf.Graph()
    with free.as_default():
        x = tf.random_normal([4])
        assert not np.array_equal(tf.Session().run(x), tf.Session().run(x))


# --- what compiled programs are kept for --------------------------------------------------------


def test_programs_are_kept_and_never_stale():
    x = tf.placeholder(tf.float32, name="x")
    w = tf.Variable([1.0, 2.0])
    y = w * x
    sess = session("xla")
    assert sess.run(y, {x: 2.0}).tolist() == [2.0, 4.0]
    made = xla.compilations[0]
    assert sess.run(y, {x: 3.0}).tolist() == [3.0, 6.0]  # another value
    sess.load(w, [5.0, 5.0])
    assert sess.run(y, {x: 3.0}).tolist() == [15.0, 15.0]  # another variable's value
    assert xla.compilations[0] == made
    assert sess.run(y, {x: [1.0, 2.0]}).tolist() == [5.0, 10.0]  # another shape
    z = y + 1.0  # the graph has grown
    assert sess.run(z, {x: 1.0}).tolist() == [6.0, 6.0]
    assert sess.run([z, y], {x: 1.0})[1].tolist() == [5.0, 5.0]
    assert sess.run([y, z], {x: 1.0})[1].tolist() == [6.0, 6.0]
    other = session("xla")
    assert other.run(y, {x: 1.0}).tolist() == [1.0, 2.0]  # another session
    assert sess.run(y, {x: 1.0}).tolist() == [5.0, 5.0]


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_a_rate_that_changes_between_runs(engine):
    w, rate = tf.Variable(1.0), tf.placeholder(tf.float32)
    train = tf.train.GradientDescentOptimizer(rate).minimize(1.0 * w)
    own = tf.keras.optimizers.SGD(learning_rate=0.1)
    other = own.minimize(1.0 * w)
    sess = session(engine)
    sess.run(train, {rate: 0.5})
    assert sess.run(w) == pytest.approx(0.5)
    sess.run(train, {rate: 0.25})
    assert sess.run(w) == pytest.approx(0.25)
    sess.run(other)
    own.learning_rate = 0.05
    sess.run(other)
    assert sess.run(w) == pytest.approx(0.1)
    own.weight_decay = 4.0  # w − .05·4·w − .05·1
    sess.run(other)
    assert sess.run(w) == pytest.approx(0.1 - 0.02 - 0.05)


# --- the graph itself ---------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_gradients_of_gradients(engine):
    """F = x⁴·y: 4x³y, 12x²y, 24xy, and the mixed 4x³."""
    x, y = tf.placeholder(tf.float64), tf.placeholder(tf.float64)
    f = x**4 * y
    first, apart = tf.gradients(f, [x, tf.constant(1.0)])
    second = tf.gradients(first, x)[0]
    third = tf.gradients(second, x)[0]
    mixed = tf.gradients(first, y)[0]
    assert apart is None
    found = tf.Session(engine=engine).run([first, second, third, mixed], {x: 2.0, y: 3.0})
    assert found == [96.0, 144.0, 144.0, 32.0]


def test_gradients_of_the_same_array_fed_twice_stay_apart():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    value = np.float32([2.0, 5.0])
    found = tf.Session().run(tf.gradients(x * x * y, [x, y]), {x: value, y: value})
    assert [d.tolist() for d in found] == [[8.0, 50.0], [4.0, 25.0]]


def test_no_gradient_flows_where_there_is_no_derivative():
    x = tf.placeholder(tf.float32)
    place = tf.to_float(tf.argmax(x))
    assert tf.gradients(tf.stop_gradient(x) + place, x) == [None]
    assert tf.Session().run(tf.gradients(x * place, x), {x: [1.0, 5.0]})[0].tolist() == [1.0, 1.0]


def test_gradients_start_where_they_are_told():
    x = tf.placeholder(tf.float32)
    hidden = tf.square(x)
    at_hidden = tf.gradients([3.0 * hidden, hidden], hidden)[0]
    weighted = tf.gradients(hidden, x, grad_ys=[[1.0, 10.0]])[0]
    found = tf.Session().run([at_hidden, weighted], {x: [1.0, 2.0]})
    assert [d.tolist() for d in found] == [[4.0, 4.0], [2.0, 40.0]]


@pytest.mark.parametrize(
    ("make", "after"),
    [
        (lambda: tf.train.GradientDescentOptimizer(0.1), 1 - 0.1 * 2 - 0.1 * 2),
        (lambda: tf.train.MomentumOptimizer(0.1, 0.9), 1 - 0.2 - (0.18 + 0.2)),
        (lambda: tf.train.AdagradOptimizer(0.1), 1 - 0.2 / 4.1**0.5 - 0.2 / 8.1**0.5),
        (
            lambda: tf.train.RMSPropOptimizer(0.1, epsilon=0.0),
            1 - 0.2 / (0.9 + 0.4) ** 0.5 - 0.2 / (0.9 * 1.3 + 0.4) ** 0.5,
        ),
        (lambda: tf.train.AdamOptimizer(0.1, epsilon=0.0), 1 - 0.1 - 0.1),
    ],
    ids=["sgd", "momentum", "adagrad", "rmsprop", "adam"],
)
def test_optimizers_by_their_recurrences(make, after):
    """Two steps at gradient 2 from w = 1, in TensorFlow 1's constants."""
    w = tf.Variable(1.0, dtype=tf.float64)
    train = make().minimize(2.0 * w)
    sess = session()
    sess.run(train)
    sess.run(train)
    assert sess.run(w) == pytest.approx(after, rel=1e-12)


def test_steps_are_counted_and_gradients_may_be_clipped():
    w, step = tf.Variable(3.0), tf.Variable(0, trainable=False)
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    pairs = [(tf.clip_by_value(d, -1.0, 1.0), v) for d, v in optimizer.compute_gradients(w * w)]
    train = optimizer.apply_gradients(pairs, global_step=step)
    sess = session()
    for _ in range(3):
        sess.run(train)
    assert sess.run([w, step]) == [1.5, 3]


def test_double_equals_compares_numbers():
    a, b = tf.constant([1, 2, 3]), tf.constant([1, 5, 3])
    accuracy = tf.reduce_mean(tf.cast(a == b, tf.float32))
    assert tf.Session().run(accuracy) == pytest.approx(2 / 3)
    with pytest.raises(StateError, match="it is neither true nor false yet"):
        bool(a == b)


def test_operators_of_tensors():
    a, b = tf.constant([7, -7]), 2
    run = tf.Session().run
    assert run([a // b, a % b, a - b, -a, abs(a)])[0].tolist() == [3, -4]
    assert run(a / b).tolist() == [3.5, -3.5]
    assert run(tf.div(a, b)).tolist() == [3, -4]
    assert run(10 - a).tolist() == [3, 17]
    assert run((a > 0) & ~(a < 0)).tolist() == [True, False]
    assert run(tf.constant([[1, 2], [3, 4]])[:, 1]).tolist() == [2, 4]
    assert run(tf.constant([[1, 2], [3, 4]]) @ [[1], [1]]).tolist() == [[3], [7]]
    assert run(np.float32([1.0, 2.0]) * tf.constant([2.0, 3.0])).tolist() == [2.0, 6.0]
    assert [int(run(part)) for part in a] == [7, -7]


@pytest.mark.parametrize("keep", [0.8, "fed"])
def test_dropout_keeps_that_share(keep):
    fed = tf.placeholder(tf.float32)
    share = fed if keep == "fed" else keep
    y = tf.nn.dropout(tf.ones([4000]), share, seed=2)
    found = tf.Session().run(y, {fed: 0.8})
    assert sorted(set(found.tolist())) == pytest.approx([0.0, 1.25])
    assert (found > 0).mean() == pytest.approx(0.8, abs=0.03)
    if keep == "fed":
        assert (tf.Session().run(y, {fed: 1.0}) == 1.0).all()


# --- what is refused ----------------------------------------------------------------------------


def refused(kind, text, act, *args, **kwargs):
    with pytest.raises(kind) as error:
        act(*args, **kwargs)
    assert text in str(error.value), str(error.value)
    assert isinstance(error.value, ChainruleError)


def test_feeds_that_do_not_fit_name_the_placeholder():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.placeholder(tf.int8, name="n")
    run = tf.Session().run
    with pytest.raises(StateError) as error:
        run(2.0 * x)
    line = str(error.value)
    assert line.startswith(
        "run: the placeholder 'x' was not fed\n  expected: float32, shape (?, 2)"
    )
    assert "test_graph_sessions.py:" in line
    assert line.endswith("fix: sess.run(..., {x: ...})")
    refused(ShapeError, "expected: (?, 2), with any length for ?\n  received: (1, 3)",
            run, x, {x: [[1, 2, 3]]})  # fmt: skip
    refused(ShapeError, "feed x.T", run, x, {x: np.zeros((2, 5))})
    refused(ShapeError, "feed [x]", run, x, {x: [1.0, 2.0]})
    refused(DataError, "placeholder 'n': int8 cannot hold this value", run, n, {n: 200})
    refused(DataError, "received: 2.5", run, n, {n: [1, 2.5]})
    refused(DataError, "int8 cannot hold text", run, n, {n: "one"})
    refused(DataError, "rows have different lengths", run, x, {x: [[1, 2], [3]]})
    refused(
        ArgumentError, "a tensor has no numbers that could be fed", run, x, {x: tf.ones([1, 2])}
    )
    refused(ArgumentError, "only a placeholder can be fed", run, x, {tf.constant(1.0): 2.0})
    refused(ArgumentError, "only a placeholder can be fed", run, x, {tf.Variable(1.0): 2.0})
    refused(ArgumentError, "feeds are a dictionary", run, x, [1.0])
    refused(UnknownNameError, "there is no operation 'y'", run, x, {"y:0": 1.0})


def test_fetches_that_cannot_be():
    x = tf.constant(1.0, name="x")
    sess = tf.Session()
    refused(ArgumentError, "this cannot be fetched", sess.run, 5.0)
    refused(ArgumentError, "this cannot be fetched", sess.run, [x, None])
    refused(UnknownNameError, "use 'x:0'", sess.run, "x:1")
    with tf.Graph().as_default():
        other = tf.constant(2.0)
        refused(ArgumentError, "this stands in another graph", sess.run, other)
        refused(ArgumentError, "thread has a default graph of its own", sess.run, other)
        refused(ArgumentError, "this stands in another graph", tf.add, x, other)
    sess.close()
    refused(StateError, "this session is closed", sess.run, x)
    w = tf.Variable(0.0)
    both = [w.assign(1.0), w.assign(2.0)]
    refused(ArgumentError, "two operations of this run change the variable", session().run, both)


def test_places_that_are_none_are_refused_by_programs_too():
    """A compiled program cannot look at its numbers: it tells the session, which does."""
    i = tf.placeholder(tf.int32, [None], name="i")
    w = tf.Variable([1.0, 2.0, 3.0])
    of = {
        "gather": tf.gather(w, i),
        "one_hot": tf.one_hot(i, 3),
        "loss": tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=[[1.0, 2.0, 3.0]]),
    }
    for engine in ("numpy", "xla"):
        sess = session(engine)
        for fetch in of.values():
            sess.run(fetch, {i: [2]})
            with pytest.raises(ChainruleError):
                sess.run([fetch, w.assign([0.0, 0.0, 0.0])], {i: [3]})
        assert sess.run(w).tolist() == [1.0, 2.0, 3.0]
        power = tf.pow(2, i)
        assert sess.run(power, {i: [3]}).tolist() == [8]
        refused(DataError, "to a negative power is no whole number", sess.run, power, {i: [-1]})


def test_tensors_that_do_not_fit():
    whole, real = tf.constant([1, 2], name="whole"), tf.constant([1.0, 2.0], name="real")
    refused(DataError, "fix: tf.cast(whole, tf.float32)", tf.add, whole, real)
    refused(DataError, "int32 cannot hold this value", tf.add, whole, 0.5)
    refused(DataError, "fix: tf.cast(whole, tf.float32)", tf.exp, whole)
    refused(DataError, "fix: tf.cast(whole, tf.float32)", tf.reduce_mean, whole)
    refused(ShapeError, "(2,) and (3,)", tf.add, real, [1.0, 2.0, 3.0])
    refused(ShapeError, "(1, 2)·(3, 1)", tf.matmul, tf.zeros([1, 2]), tf.zeros([3, 1]))
    refused(ShapeError, "tf.reshape(x, [1, -1]) makes a row", tf.matmul, real, real)
    refused(ShapeError, "the numbers do not fill the shape", tf.reshape, real, [3])
    x = tf.placeholder(tf.float32, name="x")
    with pytest.raises(ShapeError) as error:
        tf.Session().run(tf.matmul(x, tf.ones([3, 1]), name="net"), {x: [[1.0, 2.0]]})
    assert "MatMul 'net' (test_graph_sessions.py:" in str(error.value)
    assert "received: x (1, 2), ones (3, 1)" in str(error.value)
    refused(
        ArgumentError, "the loss depends on no variable", tf.train.AdamOptimizer().minimize, real
    )
    refused(StateError, "tf.exp", np.asarray, real)


def test_names_that_are_not_here():
    refused(UnknownAttributeError, "did you mean 'placeholder'?", lambda: tf.placeholdr)
    refused(UnknownAttributeError, "'matmull'", lambda: tf.matmull)
    refused(UnknownAttributeError, "fix: tf.Variable(tf.random_normal", lambda: tf.get_variable)
    refused(UnknownAttributeError, "fix: tf.multiply", lambda: tf.mul)
    refused(UnknownAttributeError, "GradientDescentOptimizer", lambda: tf.train.SGD)
    refused(UnknownAttributeError, "cr: there is no 'contrib'", lambda: cr.contrib)
    refused(StateError, "np.savez", tf.train.Saver)


# --- drawn and explained ------------------------------------------------------------------------


def test_explanation_has_the_numbers_of_the_deck():
    x, w1, _, loss, _ = lecture()
    sess = session()
    told = sess.explain(loss, {x: [[0.05, 0.10]]}, digits=9)
    assert told["E"].value == pytest.approx(DECK["E"], abs=5e-13)
    np.testing.assert_allclose(told["w1"].gradient, DECK["w1"], atol=5e-13)
    assert "[[0.593269992, 0.596884378]]" in str(told)  # out_h1, out_h2
    assert "σ(add)" in str(told)
    svg = told.diagram(title="deck 004").svg()
    assert "0.298371109" in svg
    assert sess.run(w1).tolist() == [[0.15, 0.25], [0.2, 0.3]]  # nothing was changed
    refused(ShapeError, "only a single number has a gradient", sess.explain, w1)


def test_diagram_shows_operations_and_shapes():
    x, *_ = lecture()
    svg = x.graph.diagram().svg()
    for text in (">x<", ">MatMul<", ">Sigmoid<", ">ApplySGD<", "float64 (?, 2)"):
        assert text in svg
    unsafe = tf.placeholder(tf.float32, name="<script>")
    assert "<script>" not in (2.0 * unsafe).diagram().svg()
    with tf.Graph().as_default() as empty:
        refused(ArgumentError, "the graph is empty", empty.diagram)


def test_a_gradient_that_vanishes_is_not_written_as_nothing():
    x = tf.placeholder(tf.float64, name="x")
    told = tf.Session().explain(1e-9 * tf.square(x, name="s"), {x: 2.0})
    assert "4.0e−09" in str(told)  # d(1e-9·x²)/dx at 2
    assert "∂ 4e−09" in told.diagram().svg()
