"""Normalization: numbers brought to mean 0 and spread 1, over a sample, a batch or a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import initializers, ops, regularizers
from ..arrays import xp
from ..checks import need_numbers
from ..errors import ArgumentError
from ..operators import raw
from .base import Layer, register


class _Normalizing(Layer):
    """Base of layers that normalize over axes and leave the shape as it is."""

    integer_input = takes_trees = False
    supports_masking = True
    axis: Any
    _lengths: tuple = ()  # of the axes that have parameters, from the first input

    def _check(self, axis: Any, several: bool = True, **numbers: Any) -> None:
        """Refuse an axis that is none, and settings that are no numbers of 0 or more."""
        axes = list(axis) if several and isinstance(axis, (list, tuple)) else [axis]
        if not axes or any(isinstance(a, bool) or not hasattr(a, "__index__") for a in axes):
            raise ArgumentError(
                "axis must be a whole number" + " or a list of them" * several,
                where=self.where,
                received=repr(axis)[:200],
            )
        need_numbers(self.where, "a number of 0 or more", lambda v: v >= 0, **numbers)

    def _axes(self, shape: Sequence[int | None]) -> list[int]:
        """The axes counted from the front, in order; the batch is none of them."""
        given = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        rank = len(shape)
        self.needs(
            all(-rank <= a < rank and a % rank for a in given),
            "there is no such axis to normalize over",
            f"axis from 1 to {rank - 1}, or from {1 - rank} to -1"
            if rank > 1
            else "(batch, ..., features)",
            f"axis={self.axis!r}, input {tuple(shape)}",
        )
        axes = sorted(a % rank for a in given)
        self.needs(len(set(axes)) == len(axes), "an axis is named twice", "each once", self.axis)
        return axes

    def _lengths_of(self, shape: Sequence[int | None]) -> tuple:
        """The lengths of those axes, which weights need to know."""
        lengths = tuple([shape[a] for a in self._axes(shape)])
        self.needs(
            None not in lengths,
            "the length of the axis to normalize over must be known",
            "a length, since each place has weights of its own",
            f"axis={self.axis!r}, input {tuple(shape)}",
            "give it to Input(...), or normalize over another axis",
        )
        return lengths

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Unchanged."""
        self._fits(input_shape)
        return input_shape

    def _fits(self, shape: Sequence[int | None]) -> None:
        """Refuse an input that has not the axes that the layer was built for."""
        axes = self._axes(shape)
        if not self.built or not self._lengths:
            return
        now = tuple([shape[a] for a in axes])
        self.needs(
            now == self._lengths,
            "the input has not the lengths that the layer was built for",
            f"{self._lengths} at axis {self.axis!r}",
            f"{now} in {tuple(shape)}",
        )


class _Scaling(_Normalizing):
    """Base of those that then scale by gamma and shift by beta, which are learned."""

    parts = {
        "beta_initializer": initializers.registry,
        "gamma_initializer": initializers.registry,
        "beta_regularizer": regularizers.registry,
        "gamma_regularizer": regularizers.registry,
    }

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._check(axis, isinstance(self, LayerNormalization), epsilon=epsilon)
        self.axis = list(axis) if isinstance(axis, tuple) else axis
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)

    def build(self, input_shape: tuple) -> None:
        """Make gamma and beta."""
        self._lengths = self._lengths_of(input_shape)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma", self._lengths, self.gamma_initializer, self.gamma_regularizer
            )
        if self.center:
            self.beta = self.add_weight(
                "beta", self._lengths, self.beta_initializer, self.beta_regularizer
            )


@register
class LayerNormalization(_Scaling):
    """γ·(x − mean)/√(variance + ε) + β over the features of each sample.

    Mean and variance are those of the sample alone, so training and prediction are the same.
    x (batch, ..., n) → the same, with γ and β (n,); with several axes they have all their lengths.
    (Ba, Kiros and Hinton 2016.)

    Args:
        axis: of the features, a number or several (−1).
        epsilon: added to the variance (.001; PyTorch has .00001).
        center: whether there is a β.
        scale: whether there is a γ.
        beta_initializer, gamma_initializer: first values.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an axis or epsilon that is none.
        ShapeError: the input has no such axis, or not the length that the layer was built for.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]]))
        array([[-1.,  1.]], dtype=float32)
    """

    def call(self, x: Any) -> Any:
        """The normalized x."""
        self._fits(x.shape)
        return ops.layer_normalization(x, self.gamma, self.beta, self.axis, self.epsilon)


@register
class BatchNormalization(_Scaling):
    """γ·(x − mean)/√(variance + ε) + β for each channel, over the batch.

    While training, mean and variance are those of the batch, over all axes but the channels', and
    running means of both are kept:

        moving ← momentum·moving + (1 − momentum)·now

    Otherwise those are used, so a prediction does not depend on what else is in the batch. With
    `trainable = False` they are used while training too, and stand still, as in Keras.
    (Ioffe and Szegedy 2015.)

    A mask says which steps count; where it counts none, the running means stay as they are (in
    Keras they go towards 0). A batch of a single number a channel has variance 0 and comes out as
    β; PyTorch refuses it. The variance divides by n, as in Keras; PyTorch's running one divides
    by n − 1, and its `momentum` is 1 − momentum.

    Args:
        axis: of the channels (−1).
        momentum: how much of the running means stays at each step (.99).
        epsilon: added to the variance (.001).
        center: whether there is a β.
        scale: whether there is a γ.
        beta_initializer, gamma_initializer: first values.
        moving_mean_initializer, moving_variance_initializer: first values of the running means.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        synchronized: accepted; a batch is normalized as a whole, wherever it is computed.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an axis, epsilon or momentum that is none.
        ShapeError: the input has no such axis, or not the channels that the layer was built for.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.BatchNormalization(momentum=0.5, epsilon=0.0)
        >>> layer(np.array([[1.0], [3.0]]), training=True)
        array([[-1.],
               [ 1.]], dtype=float32)
        >>> layer.moving_mean.numpy(), layer.moving_variance.numpy()
        (array([1.], dtype=float32), array([1.], dtype=float32))
    """

    parts = _Scaling.parts | {
        "moving_mean_initializer": initializers.registry,
        "moving_variance_initializer": initializers.registry,
    }

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **kwargs,
        )
        need_numbers(self.where, "from 0 to 1", lambda v: 0 <= v <= 1, momentum=momentum)
        self.momentum, self.synchronized = momentum, synchronized
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: tuple) -> None:
        """Make gamma and beta, and the running means."""
        super().build(input_shape)
        running = {"trainable": False, "kind": "statistic"}
        self.moving_mean = self.add_weight(
            "moving_mean", self._lengths, self.moving_mean_initializer, **running
        )
        self.moving_variance = self.add_weight(
            "moving_variance", self._lengths, self.moving_variance_initializer, **running
        )

    def call(self, x: Any, training: bool = False, mask: Any = None) -> Any:
        """The normalized x."""
        self._fits(x.shape)
        if not (training and self.trainable):
            mean, variance = self.moving_mean, self.moving_variance
            return ops.batch_normalization(
                x, mean, variance, self.axis, self.beta, self.gamma, self.epsilon
            )
        if mask is not None:
            mask = raw(mask)
            self.needs(
                tuple(mask.shape) == tuple(x.shape[:-1]),
                "the mask does not fit the input",
                f"{tuple(x.shape[:-1])}, all axes but the last",
                tuple(mask.shape),
            )
        y, mean, variance = ops.batch_normalization_training(
            x, self.gamma, self.beta, mask, self.axis, self.epsilon
        )
        self._keep(self.moving_mean, mean, mask)
        self._keep(self.moving_variance, variance, mask)
        return y

    def _keep(self, moving: Any, now: Any, mask: Any) -> None:
        """Go a step with a running mean, unless the mask counts nothing."""
        old, now = raw(moving.value), raw(now)
        new = old * self.momentum + now * (1.0 - self.momentum)
        if mask is not None:
            new = xp(new, mask).where(mask.astype(bool).any(), new, old)
        moving.assign(new)


@register
class GroupNormalization(_Scaling):
    """γ·(x − mean)/√(variance + ε) + β over groups of channels of each sample.

    x (batch, ..., channels): mean and variance are those of all places of the sample and of the
    channels of one group; γ and β are (channels,). (Wu and He 2018.)

    Args:
        groups: how many (32); −1 for as many as channels, which is instance normalization.
        axis: of the channels (−1).
        epsilon: added to the variance (.001; PyTorch has .00001).
        center: whether there is a β.
        scale: whether there is a γ.
        beta_initializer, gamma_initializer: first values.
        beta_regularizer, gamma_regularizer: penalties added to the loss.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: groups are neither −1 nor at least 1; an axis or epsilon that is none.
        ShapeError: the channels are not divisible by the groups.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.GroupNormalization(2, epsilon=0.0)(np.array([[1.0, 3.0, 0.0, 100.0]]))
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **kwargs,
        )
        whole = hasattr(groups, "__index__") and not isinstance(groups, bool)
        if not whole or (groups < 1 and groups != -1):
            raise ArgumentError(
                "groups must be a whole number of at least 1, or -1 for one a channel",
                where=self.where,
                received=repr(groups),
            )
        self.groups = groups

    def build(self, input_shape: tuple) -> None:
        """Make gamma and beta."""
        (channels,) = self._lengths_of(input_shape)
        self.needs(
            self.groups == -1 or channels % self.groups == 0,
            "the channels do not divide into groups",
            f"a multiple of {self.groups} channels",
            f"{channels} in {tuple(input_shape)}",
            "choose groups that divide the channels; -1 is one group a channel",
        )
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        """The normalized x."""
        self._fits(x.shape)
        groups = self._lengths[0] if self.groups == -1 else self.groups
        return ops.group_normalization(x, groups, self.gamma, self.beta, self.axis, self.epsilon)


@register
class RMSNormalization(_Normalizing):
    """scale·x/√(mean(x²) + ε) over the features of each sample.

    Layer normalization without mean and offset: x (batch, ..., n), scale (n,).
    (Zhang and Sennrich 2019.) The mask goes on, since each step is computed on its own; in Keras
    it ends here.

    Args:
        axis: of the features, a number or several (−1).
        epsilon: added to the mean square (.000001).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an axis or epsilon that is none.
        ShapeError: the input has no such axis, or not the length that the layer was built for.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.RMSNormalization(epsilon=0.0)(np.array([[3.0, 4.0, 0.0, 0.0]]))
        array([[1.2, 1.6, 0. , 0. ]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._check(axis, epsilon=epsilon)
        self.axis, self.epsilon = list(axis) if isinstance(axis, tuple) else axis, epsilon

    def build(self, input_shape: tuple) -> None:
        """Make the scale."""
        self._lengths = self._lengths_of(input_shape)
        self.scale = self.add_weight("scale", self._lengths, "ones")

    def call(self, x: Any) -> Any:
        """The normalized x."""
        self._fits(x.shape)
        return ops.rms_normalization(x, self.scale, self.axis, self.epsilon)


@register
class UnitNormalization(_Normalizing):
    """x/‖x‖: each sample divided by its length, (Σx²)^½ over an axis.

    What is shorter than 10⁻¹² is divided by that, so zeros stay zeros.

    Args:
        axis: a number or several (−1).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an axis that is none.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> cr.layers.UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._check(axis)
        self.axis = list(axis) if isinstance(axis, tuple) else axis

    def call(self, x: Any) -> Any:
        """The normalized x."""
        self._fits(x.shape)
        return ops.normalize(x, axis=self.axis, order=2, epsilon=1e-12)


@register
class LocalResponseNormalization(_Normalizing):
    """x/(bias + α·Σx²)^β, the sum over neighbouring channels at the same place.

    x (batch, ..., channels); the sum goes from channel c − depth_radius to c + depth_radius.
    Keras has no such layer; names and defaults are those of
    `tf.nn.local_response_normalization`. AlexNet: `LocalResponseNormalization(2, 2.0, 1e-4, 0.75)`.
    PyTorch's `LocalResponseNorm(size, a)` has size = 2·depth_radius + 1 and a = α·size.
    (Krizhevsky, Sutskever and Hinton 2012.)

    Args:
        depth_radius: how many channels on each side, 0 or more (5).
        bias: above 0 (1).
        alpha: 0 or more (1).
        beta: the exponent, 0 or more (.5).
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: one of them is out of range.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> layer = cr.layers.LocalResponseNormalization(depth_radius=1, beta=1.0)
        >>> layer(np.array([[2.0, 0.0, 1.0]]))
        array([[0.4, 0. , 0.5]], dtype=float32)
    """

    axis = -1

    def __init__(
        self,
        depth_radius: int = 5,
        bias: float = 1.0,
        alpha: float = 1.0,
        beta: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._check(-1, alpha=alpha, beta=beta)
        need_numbers(self.where, "a number above 0", lambda v: v > 0, bias=bias)
        whole = hasattr(depth_radius, "__index__") and not isinstance(depth_radius, bool)
        if not whole or depth_radius < 0:
            raise ArgumentError(
                "depth_radius must be a whole number of 0 or more",
                where=self.where,
                received=repr(depth_radius),
            )
        self.depth_radius, self.bias, self.alpha, self.beta = depth_radius, bias, alpha, beta

    def call(self, x: Any) -> Any:
        """The normalized x."""
        self._fits(x.shape)
        return ops.local_response_normalization(
            x, self.depth_radius, self.bias, self.alpha, self.beta
        )
