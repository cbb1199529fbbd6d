"""A worked example of a deck: the model as it is drawn, and every number that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..chain import record, vjp
from ..losses import HalfSquaredError
from ..models import Sequential
from ..operators import raw
from ..optimizers import SGD
from .names import LayerNames, Names
from .printed import Compared, Printed, verdict

__all__ = ["Example", "ForwardExample", "GradientExample"]

_FEW = 1000  # steps; more of them run on the engine that is quickest here


class Example:
    """One worked example of a deck.

    Attributes:
        name: how it is asked for, such as "004".
        deck: the deck that it stands in, such as "004".
        title: what it shows.
        x, y: inputs and targets, float64; y is None where nothing is learnt.
        names: the deck's own names for the numbers, None where it has no network to train.
        loss: the loss that the deck minimizes, None where it minimizes none.
        steps: how many training steps the slides work out.
        slide: what the slides print, as `Printed`.

    Example:
        >>> import chainrule as cr
        >>> e = cr.course.example("002")
        >>> e.x, e.y, e.slide[2].text
        (array([[2., 3.]]), array([[1.]]), '0.191')
        >>> round(e.quantities()["new w5"], 7)
        0.1743825
    """

    names: Any = None
    loss: Any = None
    y: Any = None
    steps = 0

    def __init__(self, name: str, title: str, x: Any, slide: Sequence[Printed] = ()) -> None:
        self.name, self.deck, self.title = name, name[:3], title
        self.x, self.slide = np.asarray(x, np.float64), tuple(slide)

    def model(self) -> Any:
        """A fresh model with the deck's weights, in float64."""
        raise NotImplementedError

    def optimizer(self) -> Any:
        """A fresh optimizer as the deck uses it; None where it uses none."""

    def quantities(self) -> dict[str, float]:
        """Every number of the example, by the deck's name for it, computed by our model."""
        raise NotImplementedError

    def figures(self) -> dict[str, float]:
        """What comes of it when the model is trained further, or otherwise than on the slide."""
        return {}

    @property
    def has_figures(self) -> bool:
        """Is there anything in `figures`?"""
        return type(self).figures is not Example.figures

    def compare(self) -> list[Compared]:
        """The slide's numbers beside ours.

        Example:
            >>> import chainrule as cr
            >>> row = cr.course.example("001").compare()[1]
            >>> row.quantity, round(row.ours, 9), row.printed, row.verdict
            ('a1', 0.602286177, '0.6023', 'rounded')
        """
        ours = self.quantities()
        return [
            Compared(
                p.quantity, ours[p.quantity], p.text, verdict(ours[p.quantity], p.text),
                p.erratum, p.note,
            )
            for p in self.slide
        ]  # fmt: skip

    def __repr__(self) -> str:
        return f"Example({self.name!r}, {self.title!r})"


class ForwardExample(Example):
    """An example without a step of training: a model, and named numbers of its outputs.

    Example:
        >>> import chainrule as cr
        >>> round(cr.course.example("002-neuron").quantities()["ŷ"], 8)
        0.00247262
    """

    def __init__(
        self,
        name: str,
        title: str,
        x: Any,
        make: Callable[[], Any],
        read: Callable[[Any, np.ndarray], Mapping[str, Any]],
        slide: Sequence[Printed] = (),
    ) -> None:
        super().__init__(name, title, x, slide)
        self._make, self._read = make, read

    def model(self) -> Any:
        """A fresh model with the deck's weights, in float64."""
        return self._make()

    def quantities(self) -> dict[str, float]:
        """The numbers that the deck names."""
        return {name: float(v) for name, v in self._read(self.model(), self.x).items()}


class GradientExample(Example):
    """A stack of dense layers, one example, one step of gradient descent on ½Σ(t − o)².

    Args:
        name, title, x, slide: as for `Example`.
        y: the targets.
        make: makes the layers; called with the options of `model`.
        weights: kernels and biases in the order of `model.set_weights`.
        rate: the learning rate.
        names: the deck's own.
        figures: label -> number, of this example.
        more: further quantities that the deck names, made of those that are there.

    Example:
        >>> import chainrule as cr
        >>> e = cr.course.example("004")
        >>> model = e.train(e.model())
        >>> round(e.error(model), 12), round(e.parameters(model)["w5"], 12)
        (0.291027773694, 0.358916479718)
    """

    steps = 1

    def __init__(
        self,
        name: str,
        title: str,
        x: Any,
        y: Any,
        make: Callable[..., list[Any]],
        weights: Sequence[Any],
        rate: float,
        names: Names,
        slide: Sequence[Printed],
        figures: Callable[[GradientExample], dict[str, float]],
        more: Callable[[dict[str, float]], dict[str, float]] | None = None,
    ) -> None:
        super().__init__(name, title, x, slide)
        self.y, self.rate, self.names = np.asarray(y, np.float64), rate, names
        self.loss = HalfSquaredError()
        self._make, self._weights, self._figures, self._more = make, weights, figures, more

    def model(self, **options: Any) -> Any:
        """A fresh model with the deck's weights, in float64.

        Args:
            options: of the example: deck 004 takes `biases`, "frozen" as on the slides or
                "updated"; and `shared`, False for a bias of its own for each unit.

        Example:
            >>> import chainrule as cr
            >>> cr.course.example("004").model(biases="updated").count_params()
            10
        """
        model = Sequential(self._make(**options))
        weights = [np.asarray(w, np.float64) for w in self._weights]
        model.set_weights(
            [np.broadcast_to(w, v.shape) for w, v in zip(weights, model.weights, strict=True)]
        )
        return model

    def optimizer(self) -> SGD:
        """Gradient descent at the deck's rate."""
        return SGD(self.rate)

    def error(self, model: Any) -> float:
        """The loss of a model on the example."""
        return float(raw(self.loss(self.y, model(self.x))))

    def train(self, model: Any, steps: int = 1) -> Any:
        """`steps` steps of gradient descent; the model itself comes back."""
        model.compile(self.optimizer(), self.loss)
        rows = [np.repeat(a, steps, axis=0) for a in (self.x, self.y)]
        engine = "numpy" if steps <= _FEW else None
        model.fit(*rows, batch_size=1, shuffle=False, verbose=0, engine=engine)
        return model

    def quantities(self) -> dict[str, float]:
        """Every number of the forward pass, the backward pass, the update, and the next forward."""
        names, model = self.names, self.model()
        for variable in model.weights:  # also a frozen bias has a gradient
            variable.trainable = True
        found = self._forward(model) | self._backward(model)
        new = self.train(self.model())
        for name, value in self.parameters(new).items():
            found[names.new(name)] = value
        after = self._forward(new)
        for name in self._values():
            found[names.after(name)] = after[name]
        return found | (self._more(found) if self._more else {})

    def figures(self) -> dict[str, float]:
        """What comes of it when the model is trained further, or otherwise than on the slide."""
        return self._figures(self)

    def parameters(self, model: Any) -> dict[str, float]:
        """The weights of a model of this example by their names, in the deck's order."""
        found: dict[str, float] = {}
        for layer, names in self._layers(model):
            found |= _by_name(names, layer.kernel.numpy(), layer.bias)
        return found

    def _layers(self, model: Any) -> list[tuple[Any, LayerNames]]:
        layers = [layer for layer in model.layers if layer.weights]
        return list(zip(layers, self.names.layers, strict=True))

    def _values(self) -> list[str]:
        """The names of what a forward pass computes, in its order, each once."""
        names = [name for layer in self.names.layers for name in (*layer.net, *layer.out)]
        return list(dict.fromkeys([*names, *self.names.losses, self.names.loss]))

    def _record(self, model: Any) -> tuple[Any, Any, Any, list[tuple[Any, Any]]]:
        """(tape, input, loss, [(net, output)] of each layer) of one forward pass."""
        with record(fuse=False) as tape:
            x = tape.watch(self.x)
            loss = self.loss(self.y, model(x))
        made = []
        for layer, _ in self._layers(model):
            scope = next(s for s in tape.scopes if s.layer is layer)
            calls = [c for c in tape.calls[scope.first : scope.end] if c.operation is not None]
            net = next(c for c in calls if c.operation.__name__ == "dense")
            made.append((net, calls[-1]))
        return tape, x, loss, made

    def _forward(self, model: Any) -> dict[str, float]:
        _, _, loss, made = self._record(model)
        names, out = self.names, None
        found = dict(zip(names.inputs, self.x[0].tolist(), strict=True))
        found |= self.parameters(model)
        for (net, out), of in zip(made, names.layers, strict=True):
            found |= dict(zip(of.net, raw(net)[0].tolist(), strict=True))
            found |= dict(zip(of.out, raw(out)[0].tolist(), strict=True))
        found |= dict(zip(names.targets, self.y[0].tolist(), strict=True))
        for k, name in enumerate(names.losses):
            found[name] = float(self.loss(self.y[:, k : k + 1], raw(out)[:, k : k + 1]))
        return found | {names.loss: float(raw(loss))}

    def _backward(self, model: Any) -> dict[str, float]:
        """∂loss/∂ of everything, and the factors that they are products of."""
        tape, x, loss, made = self._record(model)
        names, found = self.names, {}
        before = names.inputs, raw(x)[0]
        for (net, out), (layer, of) in zip(made, self._layers(model), strict=True):
            bias = [] if layer.bias is None else [layer.bias]
            d_net, d_out, d_kernel, *d_bias = tape.gradients(loss, [net, out, layer.kernel, *bias])
            found |= {names.gradient(n): v for n, v in zip(of.out, d_out[0].tolist(), strict=True)}
            found |= {names.gradient(n): v for n, v in zip(of.net, d_net[0].tolist(), strict=True)}
            slope = vjp(layer.activation, raw(net))[1](np.ones_like(raw(net)))
            for n, o, v in zip(of.net, of.out, slope[0].tolist(), strict=True):
                if n != o:
                    found[names.d(o, n)] = v
            for i, row in enumerate(of.kernel):
                for j, w in enumerate(row):
                    found[names.d(of.net[j], w)] = float(before[1][i])
            of_weights = _by_name(of, d_kernel, *d_bias)
            found |= {names.gradient(n): v for n, v in of_weights.items()}
            found |= {names.step(n): self.rate * v for n, v in of_weights.items()}
            before = of.out, raw(out)[0]
        return found


def _by_name(names: LayerNames, kernel: np.ndarray, bias: Any = None) -> dict[str, float]:
    """The numbers of a kernel and a bias under the names of a layer.

    Where each unit has a bias of its own but the deck one name for all, they are numbered.
    """
    numbers = [kernel[i, j] for j in range(kernel.shape[1]) for i in range(kernel.shape[0])]
    given = [] if bias is None else np.ravel(raw(bias)).tolist()
    weights = names.parameters[: len(numbers)]
    biases = names.bias
    if len(given) > len(biases) == 1:
        biases = tuple(f"{biases[0]}[{k}]" for k in range(len(given)))
    return {n: float(v) for n, v in zip((*weights, *biases), (*numbers, *given), strict=True)}
