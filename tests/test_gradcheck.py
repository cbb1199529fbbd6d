"""The checker must find wrong rules: one test for each way a rule goes wrong, with its message."""

from __future__ import annotations

import re

import numpy as np
import pytest

from chainrule import ops
from chainrule.chain import op, stop_gradient
from chainrule.errors import ArgumentError, GradientError, ShapeError
from chainrule.gradcheck import gradcheck

X = np.array([[1.0, 2.0], [0.5, -1.5]])


def fails(f, *args, text):
    with pytest.raises(GradientError, match=re.escape(text)) as caught:
        gradcheck(f, *args)
    return str(caught.value)


def test_right_rules_pass():
    report = gradcheck(lambda x, w: ops.tanh(x @ w), X, np.array([0.3, 0.4]))
    assert report
    assert report.checked == 6
    assert report.max_error < 1e-8
    assert [w.name for w in report.worst] == ["argument 0", "argument 1"]
    lines = repr(report).splitlines()
    assert re.fullmatch(r"gradients agree: 6 checked, largest error \d\.\de-\d\d", lines[0])
    assert re.fullmatch(
        r"  argument 1 \(2,\): worst at \[[01]\], back -?[\d.e-]+, difference -?[\d.e-]+", lines[2]
    )


def test_integers_none_and_text_are_left_alone():
    labels = np.array([1, 0])
    assert gradcheck(ops.sparse_softmax_cross_entropy, X, labels).checked == 4
    assert gradcheck(lambda x, n, mode, flag: x * n, X, 3, "sum", None).checked == 4


def test_lists_numbers_and_float32_are_checked_in_float64():
    def only_float64(*xs):
        assert all(np.asarray(getattr(x, "value", x)).dtype == "float64" for x in xs)
        return xs[0] * xs[1] * xs[2]

    assert gradcheck(only_float64, [1.0, 2.0], 3.0, np.ones(2, "float32")).checked == 5


def test_the_samples_are_not_touched():
    x = X.copy()
    x.setflags(write=False)
    gradcheck(ops.exp, x)
    np.testing.assert_array_equal(x, X)


def test_wrong_factor():
    wrong = op(lambda x: (x**3, lambda d_y: d_y * x**2))
    where = "gradcheck of <lambda>: argument 0 has a wrong derivative at [0, 1]"
    lines = fails(wrong, X, text=where).splitlines()
    assert lines[0] == where
    assert re.fullmatch(r"  expected: [\d.]+ by \(f\(x \+ h\) − f\(x − h\)\)/2h", lines[1])
    assert re.fullmatch(r"  received: [\d.]+ by back", lines[2])
    assert lines[3] == "  fix: every entry is 1/3 of what it should be: back forgot the factor 3"


def test_a_factor_too_many():
    wrong = op(lambda x: (x * x, lambda d_y: d_y * 4 * x))
    fails(wrong, X, text="every entry is 2 times of what it should be: back forgot the factor 0.5")


def test_wrong_sign():
    wrong = op(lambda x: (np.cos(x), lambda d_y: d_y * np.sin(x)))
    fails(wrong, X, text="fix: every entry has the wrong sign")


def test_missing_broadcast():
    @op
    def row_sums(x):
        return x.sum(axis=1), lambda d_y: d_y  # should be d_y[:, None]

    fails(row_sums, X, text="or sum or spread over another axis than f does")


def test_one_argument_of_two():
    wrong = op(lambda a, b: (a * b, (lambda d_y: d_y * b, lambda d_y: d_y * b)))
    fails(wrong, X, X + 1, text="argument 1 has a wrong derivative at ")


def test_lost_gradient():
    fails(lambda x: stop_gradient(x) * x, X, text="every entry is 1/2 of what it should be")
    fails(
        lambda x: ops.exp(stop_gradient(x)),
        X,
        text="back gives 0 everywhere: a missing rule, or a value that left the tape",
    )


def test_kinks_are_named():
    fails(
        ops.relu,
        np.array([1.0, 0.0]),
        text="at [1]",
    ).index("f has a kink here (slope 0 on the left, ")


def test_outside_the_domain():
    with np.errstate(all="ignore"):
        fails(ops.log, np.array([-1.0]), text="the sample may lie outside the domain of f")


def test_nothing_to_check():
    with pytest.raises(ArgumentError, match="there is nothing to check\n  received: int, str"):
        gradcheck(lambda n, s: n, 3, "a")


def test_several_results():
    with pytest.raises(ShapeError, match="only a function that returns one array"):
        gradcheck(lambda x: (x, x), X)


class Affine:
    """A layer as gradcheck sees one."""

    name = "affine"

    def __init__(self, rule=ops.dense, named=True):
        self.rule, self.named = rule, named

    def pure(self):
        kernel, bias = np.array([[0.3], [-0.2]]), np.array([0.1])
        if self.named:
            return (lambda v, x: self.rule(x, v["kernel"], v["bias"])), {
                "kernel": kernel,
                "bias": bias,
            }
        return (lambda v, x: self.rule(x, *v)), [kernel, bias]


@pytest.mark.parametrize("named", [True, False])
def test_weights_are_checked(named):
    report = gradcheck(Affine(named=named), X)
    assert report.checked == 2 + 1 + 4
    names = ["weight 'kernel'", "weight 'bias'"] if named else ["weight 0", "weight 1"]
    assert [w.name for w in report.worst] == [*names, "argument 0"]


def test_a_wrong_weight_is_named():
    @op
    def no_bias_sum(x, kernel, bias):
        back = (lambda d: d @ kernel.T, lambda d: x.T @ d, lambda d: d[0])
        return x @ kernel + bias, back

    fails(
        Affine(no_bias_sum),
        X,
        text="gradcheck of affine: weight 'bias' has a wrong derivative at [0]",
    )
