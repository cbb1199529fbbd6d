"""Noise while training: whole feature maps dropped, normal noise, dropout for SELU networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops, regularizers, rng
from ..arrays import full
from ..checks import need_numbers
from ..errors import ArgumentError
from ..operators import raw
from ..ops.activations import _SELU_ALPHA, _SELU_SCALE
from ..variable import Variable
from .base import Layer, register
from .dropout import Dropout


class _SpatialDropout(Dropout):
    """Base of the layers that drop whole feature maps."""

    spatial = 0  # how many axes lie between batch and channels

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        if "noise_shape" in kwargs:
            self.refuse({"noise_shape": kwargs["noise_shape"]})
        super().__init__(rate, (None, *(1,) * type(self).spatial, None), seed, **kwargs)

    @classmethod
    def _arguments(cls) -> dict[str, Any]:
        """Without the noise shape, which is the layer's own."""
        return {k: p for k, p in super()._arguments().items() if k != "noise_shape"}

    def build(self, input_shape: tuple) -> None:
        """Look at the number of axes; there are no weights."""
        self._need_rank(input_shape)

    def call(self, x: Any, training: bool = False) -> Any:
        """X with whole feature maps at 0 while training."""
        self._need_rank(x.shape)
        return super().call(x, training)

    def _need_rank(self, shape: tuple) -> None:
        places = "steps" if self.spatial == 1 else "rows, columns"
        self.needs(
            len(shape) == self.spatial + 2,
            "the input has the wrong number of axes",
            f"(batch, {places if self.spatial < 3 else 'depth, ' + places}, channels)",
            tuple(shape),
        )


@register
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features of a sequence: the mask is the same at every step.

    x (batch, steps, channels). Neighbouring steps are alike, so dropping single numbers would tell
    the next layer little less.  (Tompson et al. 2015.)

    Args:
        rate: the share of features that is dropped.
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a rate or seed that is none.
        ShapeError: the input has not three axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.SpatialDropout1D(0.5, seed=3)(np.ones((1, 2, 4)), training=True)
        array([[[2., 0., 2., 2.],
                [2., 0., 2., 2.]]], dtype=float32)
    """

    spatial = 1


class _SpatialChannels(_SpatialDropout):
    """Base of those whose channels could stand elsewhere in Keras."""

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        if data_format not in (None, "channels_last"):
            raise ArgumentError(
                "the channels are the last axis",
                where=self.where,
                expected='data_format="channels_last", or None',
                received=repr(data_format)[:100],
                fix="move them there: Permute, or cr.ops.moveaxis(x, 1, -1)",
            )
        self.data_format = data_format


@register
class SpatialDropout2D(_SpatialChannels):
    """Dropout of whole feature maps of an image: x (batch, rows, columns, channels).

    (Tompson et al. 2015.)

    Args:
        rate: the share of feature maps that is dropped.
        data_format: "channels_last".
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a rate, seed or data_format that is none.
        ShapeError: the input has not four axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> y = cr.layers.SpatialDropout2D(0.5, seed=3)(np.ones((1, 2, 2, 4)), training=True)
        >>> y[0, :, :, 0], y[0, :, :, 1]
        (array([[2., 2.],
               [2., 2.]], dtype=float32), array([[0., 0.],
               [0., 0.]], dtype=float32))
    """

    spatial = 2


@register
class SpatialDropout3D(_SpatialChannels):
    """Dropout of whole feature maps of a volume: x (batch, depth, rows, columns, channels).

    (Tompson et al. 2015.)

    Args:
        rate: the share of feature maps that is dropped.
        data_format: "channels_last".
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a rate, seed or data_format that is none.
        ShapeError: the input has not five axes.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> y = cr.layers.SpatialDropout3D(0.5, seed=3)(np.ones((1, 2, 2, 2, 4)), training=True)
        >>> y.max(axis=(0, 1, 2, 3)), y.min(axis=(0, 1, 2, 3))
        (array([2., 0., 2., 2.], dtype=float32), array([2., 0., 2., 2.], dtype=float32))
    """

    spatial = 3


@register
class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELU units.

    What is dropped becomes α' = −scale·α, the least that SELU gives, and then everything is
    a·x + b with a = ((1 − rate)(1 + rate·α'²))^(−½) and b = −a·rate·α'.
    (Klambauer et al. 2017.)

    Args:
        rate: the share that is dropped, from 0 to below 1.
        noise_shape: shape of the mask, as in `Dropout`.
        seed: of the masks; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a rate, noise_shape or seed that is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.AlphaDropout(0.5, seed=3)(np.zeros((1, 4)), training=True).round(3)
        array([[ 0.779, -0.779,  0.779,  0.779]], dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)
        need_numbers(self.where, "from 0 to below 1", lambda v: v < 1, rate=rate)

    def call(self, x: Any, training: bool = False) -> Any:
        """X with a random mask while training."""
        if not training or self.rate == 0:
            return x
        ones = full(1.0, raw(x))
        keep = (super().call(ones, True) > 0).astype(x.dtype)  # dropout's own mask
        least = -_SELU_SCALE * _SELU_ALPHA
        a = ((1 - self.rate) * (1 + self.rate * least * least)) ** -0.5
        b = -a * self.rate * least
        return ops.add(ops.multiply(x, a * keep), a * least * (1 - keep) + b)


class _Gaussian(Layer):
    """Base of layers that draw normal numbers: one for each of x, at each step others."""

    integer_input = takes_trees = False
    supports_masking = True
    next_key = Dropout.next_key

    def _seed(self, seed: int | None) -> None:
        self.seed = seed
        key = rng.next_key() if seed is None else rng.key(seed)
        self.key = Variable(key, name="key", kind="seed")
        self.count = Variable(np.uint32(0), name="count", kind="seed")

    def _normal(self, x: Any) -> Any:
        """Normal numbers in the shape and type of x."""
        return rng.normal(self.next_key(), x.shape, x.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape


@register
class GaussianNoise(_Gaussian):
    """x + normal noise of mean 0 while training; otherwise x goes through unchanged.

    Args:
        stddev: standard deviation of the noise, 0 or more.
        seed: of the noise; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a stddev or seed that is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.GaussianNoise(0.1, seed=3)
        >>> layer(np.ones((1, 2)))
        array([[1., 1.]], dtype=float32)
        >>> layer(np.ones((100, 100)), training=True).std().round(2)
        np.float32(0.1)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        need_numbers(self.where, "0 or more", lambda v: v >= 0, stddev=stddev)
        self.stddev = stddev
        self._seed(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        """X with noise while training."""
        if not training or self.stddev == 0:
            return x
        return ops.add(x, self._normal(x) * self.stddev)


@register
class GaussianDropout(_Gaussian):
    """x times normal noise of mean 1 and variance rate/(1 − rate) while training.

    The mean and variance that dropout's mask has. (Srivastava et al. 2014, section 10.)

    Args:
        rate: as in `Dropout`, from 0 to below 1.
        seed: of the noise; drawn from the process's stream without one.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: a rate or seed that is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.GaussianDropout(0.5, seed=3)
        >>> layer(np.ones((1, 2)))
        array([[1., 1.]], dtype=float32)
        >>> layer(np.ones((200, 200)), training=True).std().round(1)
        np.float32(1.0)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        need_numbers(self.where, "from 0 to below 1", lambda v: 0 <= v < 1, rate=rate)
        self.rate = rate
        self._seed(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        """X with noise while training."""
        if not training or self.rate == 0:
            return x
        return ops.multiply(x, 1 + self._normal(x) * math.sqrt(self.rate / (1 - self.rate)))


@register
class ActivityRegularization(Layer):
    """x unchanged; l1·Σ|x| + l2·Σx², of a sample on average, is added to the loss.

    Args:
        l1: 0 or more.
        l2: 0 or more.
        kwargs: as for every `Layer`, without `activity_regularizer`.

    Raises:
        ArgumentError: a factor that is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.ActivityRegularization(l2=0.5)(np.array([[1.0, -3.0]]))
        array([[ 1., -3.]], dtype=float32)
    """

    integer_input = takes_trees = False
    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        if "activity_regularizer" in kwargs:
            self.refuse({"activity_regularizer": kwargs["activity_regularizer"]})
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)
        self.l1, self.l2 = l1, l2

    @classmethod
    def _arguments(cls) -> dict[str, Any]:
        """Without the penalty, which is made of l1 and l2."""
        return {k: p for k, p in super()._arguments().items() if k != "activity_regularizer"}

    def get_config(self) -> dict[str, Any]:
        """l1 and l2, and what every layer has."""
        config = super().get_config()
        del config["activity_regularizer"]
        return config

    def call(self, x: Any) -> Any:
        """X."""
        return x

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        return input_shape
