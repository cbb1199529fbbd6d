"""Networks that can be trained by name: which data they take, and what is put before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import applications
from ..data.catalog import Dataset
from ..dialect import argument
from ..errors import ArgumentError, DataError, choose
from ..layers import Input, Reshape, Resizing
from ..models import Sequential

__all__ = ["ARCHITECTURES", "architecture", "check_images", "check_model", "refuse_beside"]


class Architecture(NamedTuple):
    """One of them.

    Args:
        make: the function of `cr.applications`.
        sizes: (height, width) of the images that it takes; none for all.
        settings: its arguments where they are not its own defaults.
    """

    make: Callable[..., Sequential]
    sizes: Sequence[tuple[int, int]]
    settings: Mapping[str, Any]


ARCHITECTURES = {
    # learns better on validation rows than with tanh and means, as it was published
    "lenet5": Architecture(
        applications.LeNet5, ((28, 28), (32, 32)), {"activation": "relu", "pool": "max"}
    ),
    "small_cnn": Architecture(applications.SmallCNN, (), {}),
}


def check_model(name: str) -> None:
    """Raise unless it is one of them, with the nearest name."""
    if name not in ARCHITECTURES:
        raise choose(argument("model"), name, ARCHITECTURES)


def check_images(data: Dataset, name: str, place: str | None) -> None:
    """Raise unless the data are images with classes."""
    shape = data.feature_shape
    if len(shape) not in (2, 3) or data.class_names is None:
        what = "values to predict" if data.class_names is None else "rows of numbers"
        raise DataError(
            f"{argument('model', name)} sorts images into classes",
            where=place or data.name,
            expected="images (height, width) or with colours, and a class for each",
            received=f"{what}, examples of shape {shape}",
            fix=f"leave {argument('model')} out: {argument('hidden')} makes a network for them",
        )


def architecture(data: Dataset, name: str, activation: str | None) -> Sequential:
    """The network by that name, which takes the images as they are in the data.

    An axis for the colour is added, and images of other sizes are resized, by layers of its own:
    so they are wherever the model is used.
    """
    found = ARCHITECTURES[name]
    height, width, *colours = data.feature_shape
    model = Sequential([Input(data.feature_shape)])
    if not colours:
        colours = [1]
        model.add(Reshape((height, width, 1), name="colour"))
    size = (height, width)
    if found.sizes and size not in found.sizes:
        size = found.sizes[0]
        model.add(Resizing(*size, name="resizing"))
    more = dict(found.settings)
    if activation is not None:
        more["activation"] = activation
    classes = max(2, len(data.class_names or ()))
    made = found.make((*size, *colours), classes, **more)
    for layer in made.layers:
        model.add(layer)
    return model


def refuse_beside(name: str, given: dict[str, Any]) -> None:
    """Raise for settings of the plain network, which this one has not.

    Raises:
        ArgumentError: names the first of them.
    """
    for other, value in given.items():
        if value is not None:
            raise ArgumentError(
                f"{argument(other)} has no place beside {argument('model')}",
                expected=f"{argument('model', name)} alone: its layers are known",
                received=argument(other, value),
            )
