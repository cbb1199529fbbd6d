"""First values of weights: Keras's set, with Keras's names and defaults.

An initializer is called with a shape and returns a NumPy array. Both engines start from these
very arrays. Without a seed each call draws a new key from the process's stream; with a seed the
same shape gets the same numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import rng
from .arrays import numpy_dtype
from .errors import ArgumentError, ShapeError, choose
from .registry import Configurable, Registry
from .vocabulary import answer

registry = Registry("initializer")
register = registry.add


class Initializer(Configurable):
    """Base: `__call__(shape, dtype=None)` returns the first value.

    Example:
        >>> class Diagonal(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.eye(*shape, dtype=numpy_dtype(dtype))
        >>> Diagonal()((1, 2))
        array([[1., 0.]], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """The first value of a weight."""
        raise NotImplementedError


class _Random(Initializer):
    """Base of those that draw: a seed, and one place where the key comes from."""

    seed: int | None

    def _key(self) -> np.ndarray:
        return rng.next_key() if self.seed is None else rng.key(self.seed)


@register
class Zeros(Initializer):
    """All 0: the default for biases.

    Example:
        >>> Zeros()((2,))
        array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Zeros of `shape`."""
        return np.zeros(shape, numpy_dtype(dtype))


@register
class Ones(Initializer):
    """All 1.

    Example:
        >>> Ones()((2,), "float64")
        array([1., 1.])
    """

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Ones of `shape`."""
        return np.ones(shape, numpy_dtype(dtype))


@register
class Constant(Initializer):
    """All the same number, or a given array that fits the shape.

    Raises:
        ShapeError: the array cannot be broadcast to the shape.

    Example:
        >>> Constant(0.5)((2,)), Constant([1, 2])((2, 2))
        (array([0.5, 0.5], dtype=float32), array([[1., 2.],
               [1., 2.]], dtype=float32))
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """`value` in every place of `shape`."""
        value = np.asarray(self.value, numpy_dtype(dtype))
        try:
            return np.broadcast_to(value, shape).copy()
        except ValueError:
            raise ShapeError(
                "the constant does not fit the weight",
                where="Constant",
                expected=tuple(shape),
                received=value.shape,
            ) from None

    def get_config(self) -> dict[str, Any]:
        """The value; an array as lists."""
        return {"value": np.asarray(self.value).tolist()}


@register("IdentityInitializer", "eye")
class Identity(Initializer):
    """The identity matrix times `gain`; what goes in comes out.

    Raises:
        ShapeError: the shape has not two axes.

    Example:
        >>> Identity(2.0)((2, 2))
        array([[2., 0.],
               [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """A matrix with `gain` on its diagonal."""
        _need_matrix(self, shape, exactly=True)
        return self.gain * np.eye(*shape, dtype=numpy_dtype(dtype))


@register("uniform")
class RandomUniform(_Random):
    """Uniform in [minval, maxval).

    Args:
        minval, maxval: the range (±.05).
        seed: the same numbers for the same shape; without one, others at each call.

    Example:
        >>> x = RandomUniform(0.0, 2.0, seed=1)((1000,))
        >>> bool(0 <= x.min() and x.max() < 2)
        True
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Uniform numbers of `shape`."""
        u = rng.uniform(self._key(), shape, "float64")
        return (self.minval + (self.maxval - self.minval) * u).astype(numpy_dtype(dtype))


@register("normal")
class RandomNormal(_Random):
    """Normal with a mean and a standard deviation.

    Args:
        mean, stddev: of the distribution (0, .05).
        seed: the same numbers for the same shape; without one, others at each call.

    Example:
        >>> RandomNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Normal numbers of `shape`."""
        n = rng.normal(self._key(), shape, "float64")
        return (self.mean + self.stddev * n).astype(numpy_dtype(dtype))


@register
class TruncatedNormal(_Random):
    """Normal, drawn again where it lies more than two standard deviations from the mean.

    As in Keras `stddev` is that before the cut; afterwards it is .8796 of it.

    Args:
        mean, stddev: of the distribution (0, .05).
        seed: the same numbers for the same shape; without one, others at each call.

    Example:
        >>> x = TruncatedNormal(stddev=1.0, seed=1)((1000,))
        >>> bool(abs(x).max() <= 2)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Truncated normal numbers of `shape`."""
        n = _truncated(self._key(), shape)
        return (self.mean + self.stddev * n).astype(numpy_dtype(dtype))


def _truncated(key: np.ndarray, shape: Any) -> np.ndarray:
    """Standard normal numbers within ±2, by drawing again."""
    n = rng.normal(key, shape, "float64")
    outside, attempt = np.abs(n) > 2, 0
    while outside.any():  # about 4.6 % are left after each round
        attempt += 1
        n[outside] = rng.normal(rng.fold(key, 1000 + attempt), int(outside.sum()), "float64")
        outside = np.abs(n) > 2
    return n


def fans(shape: Any) -> tuple[float, float]:
    """(fan_in, fan_out), inputs and outputs of one unit; a convolution's times its window.

    Example:
        >>> fans((784, 10)), fans((3, 3, 16, 32))
        ((784.0, 10.0), (144.0, 288.0))
    """
    if len(shape) < 2:
        n = float(shape[0]) if shape else 1.0
        return n, n
    window = math.prod(shape[:-2])
    return float(shape[-2] * window), float(shape[-1] * window)


@register
class VarianceScaling(_Random):
    """Random with variance scale/n, so that signals keep their size from layer to layer.

    n is fan_in, fan_out, their mean (`fan_avg`) or geometric mean. Distributions: `uniform` in
    ±√(3·scale/n), `untruncated_normal`, or `truncated_normal` widened so that its variance is
    right after the cut.

    Args:
        scale: 2 suits ReLU, 1 a linear layer (1).
        mode: what n is.
        distribution: one of the three.
        seed: the same numbers for the same shape; without one, others at each call.

    Raises:
        ArgumentError: a scale that is not above 0, an unknown word.

    Example:
        >>> x = VarianceScaling(2.0, "fan_in", "uniform", seed=1)((6, 1000))
        >>> bool(abs(x).max() <= 1.0)  # √(3·2/6)
        True
    """

    _MODES = ("fan_in", "fan_out", "fan_avg", "fan_geo_avg")
    _DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        if scale <= 0:
            raise ArgumentError("scale must be positive", where=type(self).__name__, received=scale)
        if mode not in self._MODES:
            raise choose("mode", mode, self._MODES, where=type(self).__name__)
        if distribution not in self._DISTRIBUTIONS:
            raise choose(
                "distribution", distribution, self._DISTRIBUTIONS, where=type(self).__name__
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """Random numbers of `shape` with the variance the fans ask for."""
        fan_in, fan_out = fans(shape)
        n = {
            "fan_in": fan_in,
            "fan_out": fan_out,
            "fan_avg": (fan_in + fan_out) / 2,
            "fan_geo_avg": math.sqrt(fan_in * fan_out),
        }[self.mode]
        variance = self.scale / max(n, 1.0)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            x = limit * (2 * rng.uniform(self._key(), shape, "float64") - 1)
        elif self.distribution == "untruncated_normal":
            x = math.sqrt(variance) * rng.normal(self._key(), shape, "float64")
        else:  # a normal cut at ±2 has standard deviation .8796
            x = math.sqrt(variance) / 0.87962566103423978 * _truncated(self._key(), shape)
        return x.astype(numpy_dtype(dtype))


class _Named(VarianceScaling):
    """A VarianceScaling with fixed settings; only the seed is its own."""

    settings: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed=seed)


@register
class GlorotUniform(_Named):
    """Uniform in ±√(6/(fan_in + fan_out)): the default for kernels.  (Glorot and Bengio 2010.)

    PyTorch calls it `xavier_uniform_`.

    Example:
        >>> bool(abs(GlorotUniform(seed=1)((2, 4))).max() <= 1.0)  # √(6/6)
        True
    """

    settings = (1.0, "fan_avg", "uniform")


@register
class GlorotNormal(_Named):
    """Truncated normal with variance 2/(fan_in + fan_out).  (Glorot and Bengio 2010.)

    PyTorch's `xavier_normal_` is not truncated.

    Example:
        >>> GlorotNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    settings = (1.0, "fan_avg", "truncated_normal")


@register
class HeUniform(_Named):
    """Uniform in ±√(6/fan_in), for ReLU.  (He et al. 2015.)

    PyTorch calls it `kaiming_uniform_`, and has another slope in it by default.

    Example:
        >>> bool(abs(HeUniform(seed=1)((6, 4))).max() <= 1.0)  # √(6/6)
        True
    """

    settings = (2.0, "fan_in", "uniform")


@register
class HeNormal(_Named):
    """Truncated normal with variance 2/fan_in, for ReLU.  (He et al. 2015.)

    PyTorch's `kaiming_normal_` is not truncated.

    Example:
        >>> HeNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    settings = (2.0, "fan_in", "truncated_normal")


@register
class LecunUniform(_Named):
    """Uniform in ±√(3/fan_in).  (LeCun et al. 1998.)

    Example:
        >>> bool(abs(LecunUniform(seed=1)((3, 4))).max() <= 1.0)  # √(3/3)
        True
    """

    settings = (1.0, "fan_in", "uniform")


@register
class LecunNormal(_Named):
    """Truncated normal with variance 1/fan_in, for SELU.  (LeCun et al. 1998.)

    Example:
        >>> LecunNormal(seed=1)((2, 4)).shape
        (2, 4)
    """

    settings = (1.0, "fan_in", "truncated_normal")


@register("OrthogonalInitializer")
class Orthogonal(_Random):
    """A matrix with orthonormal rows or columns, times `gain`.  (Saxe et al. 2014.)

    Args:
        gain: the factor (1).
        seed: the same numbers for the same shape; without one, others at each call.

    Raises:
        ShapeError: the shape has fewer than two axes.

    Example:
        >>> q = Orthogonal(seed=1)((3, 3), "float64")
        >>> bool(np.allclose(q @ q.T, np.eye(3)))
        True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        """An orthogonal matrix of `shape`, leading axes flattened."""
        _need_matrix(self, shape)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(rng.normal(self._key(), tall, "float64"))
        q = q * np.sign(np.diag(r))  # makes the distribution uniform over orthogonal matrices
        q = q if rows >= columns else q.T
        return (self.gain * q.reshape(shape)).astype(numpy_dtype(dtype))


def _need_matrix(initializer: Initializer, shape: Any, exactly: bool = False) -> None:
    if len(shape) < 2 or (exactly and len(shape) != 2):
        raise ShapeError(
            "this initializer makes matrices",
            where=type(initializer).__name__,
            expected="a shape with 2 axes" + ("" if exactly else " or more"),
            received=tuple(shape),
        )


def get(identifier: Any) -> Any:
    """An initializer by name, config, class, or a function of (shape, dtype) as it is.

    Example:
        >>> get("ones")((2,))
        array([1., 1.], dtype=float32)
    """
    return registry.get(identifier)


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer, as plain values; `get` makes it of it again.

    Example:
        >>> serialize(Constant(0.5))
        {'class_name': 'Constant', 'config': {'value': 0.5}}
    """
    return registry.serialize(initializer)


# Keras's other names of the same classes
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal

deserialize = registry.deserialize  # Keras's name

answer(__name__)
