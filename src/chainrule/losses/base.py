"""What every loss shares: weights of samples, the reduction to one number, names in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from .. import ops
from ..arrays import numpy_dtype, xp
from ..calls import answers
from ..chain import Node
from ..errors import ArgumentError, choose
from ..operators import Recordable
from ..registry import Configurable, Registry, custom_object_scope, snake_case
from .shapes import like_prediction, value_of, weights_like

__all__ = ["BuiltinLoss", "FunctionLoss", "Loss", "deserialize", "get"]
__all__ += ["register", "registry", "serialize"]

registry = Registry("loss")
register = registry.add

_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """A loss function with its settings, the samples' weights, and the mean over samples.

    With ℓᵢ the loss of sample i and wᵢ its weight (1 without `sample_weight`), `reduction` makes

    | `sum_over_batch_size`, `mean` | (1/n)Σwᵢℓᵢ |
    | `sum` | Σwᵢℓᵢ |
    | `mean_with_sample_weight` | Σwᵢℓᵢ/Σwᵢ |
    | `none` | wᵢℓᵢ, one number a sample |

    Args:
        name: shown in logs.
        reduction: one of the words above.
        dtype: type of the computation; that of the predictions where it is not given.

    Raises:
        ArgumentError: an unknown reduction.

    Subclass with your own `call(y_true, y_pred)` that returns one number a sample. Its targets
    come in the type and, but for a last axis of length 1, in the shape of the predictions.

    Example:
        >>> class Cubic(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.abs(y_pred - y_true) ** 3
        >>> float(Cubic()([1.0, 2.0], [[3.0], [2.0]]))
        4.0
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        self.refuse(unknown)
        if reduction not in _REDUCTIONS:
            known = [r for r in _REDUCTIONS if r]
            raise choose("reduction", reduction, known, where=type(self).__name__)
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction
        self.dtype = None if dtype is None else numpy_dtype(dtype).name

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number a sample."""
        raise NotImplementedError

    def fitted(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Targets and predictions as `call` gets them."""
        return like_prediction(y_true, y_pred)

    def valid(self, y_true: Any, y_pred: Any) -> Any:
        """Which numbers of `call` count, as booleans of their shape; None for all of them.

        A mean is taken over those alone.
        """
        return None

    @answers("loss")
    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """The loss of a batch; with a mask, of what it lets through.

        Keras's order; in a loop around `model.forward`, PyTorch's `loss_fn(out, y)` means the same:
        which of the two the model made is known there.
        """
        if is_of_forward(y_true) and not isinstance(y_pred, Recordable):
            y_true, y_pred = y_pred, y_true
        if self.dtype is not None:
            y_pred = _cast(y_pred, numpy_dtype(self.dtype))
        fitted = self.fitted(y_true, y_pred)
        each, valid = self.call(*fitted), self.valid(*fitted)
        if valid is not None:
            mask = valid if mask is None else weights_like(mask, each).astype(bool) & valid
        weight = None if mask is None else self._of_mask(weights_like(mask, each), each)
        if sample_weight is not None:
            given = weights_like(sample_weight, each)
            weight = given if weight is None else given * weight
        if weight is not None:
            each = each * weight
        if self.reduction in (None, "none"):
            return each
        if self.reduction == "sum":
            return ops.sum(each)
        if self.reduction == "mean_with_sample_weight" and weight is not None:
            return ops.sum(each) / ops.sum(ops.broadcast_to(weight, each.shape))
        return ops.mean(each)

    def _of_mask(self, mask: Any, each: Any) -> Any:
        """A mask as weights; under a mean they sum to their count: it is over what counts."""
        if self.reduction not in ("sum_over_batch_size", "mean"):
            return mask
        m = xp(mask)
        whole = m.broadcast_to(mask, each.shape)
        return whole * (whole.size / m.maximum(m.sum(whole), 1.0)).astype(whole.dtype)


def is_of_forward(x: Any) -> bool:
    """Did `model.forward` make it?

    Example:
        >>> is_of_forward([1.0])
        False
    """
    return isinstance(x, Node) and x.tape.forwarded


def _cast(y_pred: Any, dtype: Any) -> Any:
    """The prediction in another type, computed again from the logits where they are known."""
    y = value_of(y_pred)
    if y.dtype == dtype:
        return y
    for activation in (ops.softmax, ops.sigmoid):
        logits = ops.logits_behind(y, activation)
        if logits is not None:
            return activation(ops.cast(logits, dtype))
    return ops.cast(y, dtype)


class BuiltinLoss(Loss):
    """Base of the classes that stand under their function: `function` of (y_true, y_pred).

    `settings` names the constructor's own arguments, which are the function's. As in Keras, the
    arguments after those are `reduction`, `name`, `dtype`.

    Example:
        >>> def cubic(y_true, y_pred):
        ...     return ops.mean(ops.abs(y_pred - y_true) ** 3, axis=-1)
        >>> class Cubic(BuiltinLoss):
        ...     function = staticmethod(cubic)
        >>> Cubic("sum").reduction
        'sum'
    """

    function: Any
    settings: tuple[str, ...] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A new loss; refuses `Hinge(y_true, y_pred)`, which deck 004 prints.

        Raises:
            ArgumentError: targets or predictions in place of settings.
        """
        ours = cls.__module__.startswith(__name__.partition(".")[0] + ".")
        for given in args[:2] if ours else ():  # a class of the user's own may take arrays
            if isinstance(given, list) or (hasattr(given, "dtype") and hasattr(given, "shape")):
                name = cls.__name__
                raise ArgumentError(
                    "a loss is constructed first, and then called with (y_true, y_pred)",
                    where=name,
                    expected="settings, such as reduction and name",
                    received=f"{type(given).__name__} of shape {np.shape(given)}"
                    if isinstance(given, (list, np.ndarray))
                    else repr(given)[:100],
                    fix=f"{name}()(y_true, y_pred), or the function {cls.function.__name__}"
                    "(y_true, y_pred)",
                )
        return super().__new__(cls)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ) -> None:
        super().__init__(name, reduction, dtype, **unknown)

    def fitted(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """As they are: the function makes them fit, also where it is called by itself."""
        return y_true, y_pred

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value."""
        return type(self).function(y_true, y_pred, **{k: getattr(self, k) for k in self.settings})


@register
class FunctionLoss(Loss):
    """The mean of a user's own function of (y_true, y_pred), as `compile(loss=function)` makes it.

    Example:
        >>> def distance(y_true, y_pred):
        ...     return ops.abs(y_pred - y_true)
        >>> loss = get(distance)
        >>> loss, float(loss([1.0, 2.0], [[3.0], [2.0]]))
        (FunctionLoss(distance), 1.0)
    """

    def __init__(self, function: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name or getattr(function, "__name__", None), **kwargs)
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value, on recorded or plain arrays."""
        return self.function(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """A function of the user's own can only be named if it is registered."""
        function = registry.serialize(self.function)
        return {"function": function, "name": self.name, "reduction": self.reduction}

    def __repr__(self) -> str:
        return f"FunctionLoss({self.name})"

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Look the function up in the table of losses."""
        return cls(**config | {"function": registry.find(config["function"])})


def get(identifier: Any) -> Any:
    """A loss by name, config or class; a function of (y_true, y_pred) as a loss of its own.

    Raises:
        UnknownNameError: with the nearest name there is.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    loss = registry.get(identifier)
    name = getattr(loss, "__name__", "")
    if name in registry and getattr(registry.find(name), "function", None) is loss:
        return registry.find(name)()  # one of our functions: its class, which files can name
    if loss is None or isinstance(loss, Loss):
        return loss
    return FunctionLoss(loss)


def serialize(loss: Any) -> Any:
    """The configuration of a loss, as plain values; `get` makes the loss of it again.

    Example:
        >>> serialize(get("mse"))["class_name"]
        'MeanSquaredError'
    """
    return registry.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A loss from its configuration or name; classes of one's own by name beside it.

    Example:
        >>> deserialize(serialize(get("mse"))).name
        'mean_squared_error'
    """
    with custom_object_scope(custom_objects):
        return get(name)
