"""Fitting too little, well and too much; curves of training and validation; gradients by depth."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..chain import gradients, record
from ..drawing.base import short_number
from ..initializers import GlorotUniform, HeNormal
from ..layers import Dense, Input
from ..losses import MeanSquaredError
from ..models import Sequential
from ..optimizers import Adam
from .paper import BLACK, COLOURS, need_whole, panel, sheet

__all__ = ["Fit", "diagnosis", "fitting", "layer_gradients", "training_curves", "vanishing"]
__all__ += ["trained"]

_KINDS = {"underfitting": (), "right": (3,), "overfitting": (48, 48)}  # hidden units
_NOISE, _POINTS = 0.3, 28


class Fit(NamedTuple):
    """A trained model with its data.

    Attributes:
        model: trained on 28 points.
        history: of the losses, a dict of lists.
        train: (x, t) of training.
        validation: (x, t) of 60 points that it has not seen.
    """

    model: Any
    history: dict[str, list[float]]
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]


def _data(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """t = sin(4x) + ε, ε ~ N(0, 0.3²): 28 points to train and 60 to validate."""
    random = np.random.default_rng(seed)
    found = []
    for count in (_POINTS, 60):
        x = np.linspace(-1, 1, count)[:, None]
        t = np.sin(4 * x) + random.normal(0, _NOISE, x.shape)
        found.append((x.astype(np.float32), t.astype(np.float32)))
    return found


def trained(kind: str, epochs: int, seed: int) -> Fit:
    """A line, 3 tanh units, or 48 and 48, trained with Adam on 28 noisy points of sin(4x).

    Example:
        >>> fit = trained("underfitting", 2, 0)
        >>> len(fit.history["val_loss"]), fit.train[0].shape
        (2, (28, 1))
    """
    train, validation = _data(seed)
    hidden = [Dense(n, "tanh", kernel_initializer=GlorotUniform(seed=seed + k))
              for k, n in enumerate(_KINDS[kind])]  # fmt: skip
    last = Dense(1, kernel_initializer=GlorotUniform(seed=seed + 9))
    model = Sequential([Input((1,)), *hidden, last])
    model.compile(Adam(0.02), "mse", engine="numpy")
    history = model.fit(
        *train, epochs=epochs, batch_size=_POINTS, validation_data=validation,
        shuffle=False, verbose=0,
    )  # fmt: skip
    return Fit(model, {k: list(v) for k, v in history.history.items()}, train, validation)


def diagnosis(train: float, validation: float, spread: float) -> tuple[str, str]:
    """What a training loss and a validation loss say, and what helps.

    A gap alone is normal (E23): it is overfitting where the validation loss is more than three
    times the other. Both are high where the model explains less than three quarters of the spread.

    Args:
        train: mean squared error on the rows of training.
        validation: on rows that it has not seen.
        spread: the variance of the targets, the loss of a model that always says their mean.

    Example:
        >>> diagnosis(0.3, 0.33, 0.5)
        ('underfitting', 'both losses are high: a larger model, more training')
        >>> diagnosis(0.06, 0.08, 0.5)[0], diagnosis(0.001, 0.2, 0.5)[0]
        ('right', 'overfitting')
    """
    if train > spread / 4:
        return "underfitting", "both losses are high: a larger model, more training"
    if validation > 3 * train:
        return "overfitting", "learnt the noise: more data, dropout, L2, stop early"
    return "right", "both losses are low, and near each other"


def fitting(epochs: int = 800, seed: int = 1) -> Any:
    """Under-, right and overfitting side by side, with what the two losses say.

    A line, a network of 3 tanh units and one of 48 and 48 are trained on the same 28 points of
    sin(4x) with noise; the losses are those on these and on 60 other points.

    Args:
        epochs: of each.
        seed: of points and first weights.

    Raises:
        ArgumentError: more than 20,000 epochs.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> fitting(epochs=2).axes[0].get_title().splitlines()[0]
        'a line: underfitting'
    """
    need_whole("fitting", 20_000, epochs=epochs)
    need_whole("fitting", 2**31, 0, seed=seed)
    fits = [trained(kind, epochs, seed) for kind in _KINDS]
    told = []
    for name, fit in zip(("a line", "3 units", "48 + 48 units"), fits, strict=True):
        losses = [float(np.mean((np.asarray(fit.model(x)) - t) ** 2))
                  for x, t in (fit.train, fit.validation)]  # fmt: skip
        word, why = diagnosis(losses[0], losses[1], float(np.var(fit.train[1])))
        told.append(f"{name}: {word}\ntrain {short_number(losses[0])}, "
                    f"validation {short_number(losses[1])}\n{why}")  # fmt: skip
    figure = sheet("Fitting too little, well, and too much",
                   "; ".join(t.replace("\n", ", ") for t in told), 14.0, 5.4)  # fmt: skip
    line = np.linspace(-1.05, 1.05, 301, dtype=np.float32)[:, None]
    for k, fit in enumerate(fits):
        axes = panel(figure, 1, 3, k + 1, title=told[k], x="x", y="" if k else "t")
        axes.title.set_fontsize(11)
        axes.plot(line, np.sin(4 * line), ":", color=BLACK, linewidth=1.6, label="sin(4x)")
        axes.plot(*fit.validation, "s", color="#BBC1C8", markersize=4, label="validation")
        axes.plot(*fit.train, "o", color=COLOURS[0], markersize=7, label="training")
        axes.plot(line, np.asarray(fit.model(line)), color=COLOURS[1], linewidth=2.4, label="model")
        axes.set_ylim(-2.1, 2.9)
        axes.legend(frameon=False, fontsize=10, loc="upper left", ncols=2)
    return figure


def training_curves(epochs: int = 800, seed: int = 1) -> Any:
    """The curves of training and validation loss of a network that is too large for its data.

    The training loss falls on; the validation loss has its lowest point, where one stops.

    Args:
        epochs: of training the 48-48 network of `fitting`.
        seed: of points and first weights.

    Raises:
        ArgumentError: more than 20,000 epochs.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> training_curves(epochs=3).axes[0].get_xlabel()
        'epoch'
    """
    need_whole("training_curves", 20_000, epochs=epochs)
    need_whole("training_curves", 2**31, 0, seed=seed)
    history = trained("overfitting", epochs, seed).history
    loss, other = np.array(history["loss"]), np.array(history["val_loss"])
    best = int(other.argmin()) + 1
    alt = (
        f"validation loss lowest, {short_number(other[best - 1])}, in epoch {best}; after "
        f"{epochs}: training {short_number(loss[-1])}, validation {short_number(other[-1])}"
    )
    figure = sheet("Training against validation", alt, 9.6, 5.2)
    axes = panel(figure, title=f"stop at epoch {best}: from there on it learns the noise",
                 x="epoch", y="mean squared error")  # fmt: skip
    at = np.arange(1, epochs + 1)
    axes.plot(at, loss, color=COLOURS[0], linewidth=2.2, label="training")
    axes.plot(at, other, "--", color=COLOURS[1], linewidth=2.2, label="validation")
    axes.axvline(best, color=BLACK, linewidth=1.2, linestyle=":")
    axes.plot(best, other[best - 1], "o", color=COLOURS[1], markersize=10, markerfacecolor="white",
              markeredgewidth=2, label=f"lowest: {short_number(other[best - 1])}")  # fmt: skip
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=12)
    return figure


# --- depth --------------------------------------------------------------------------------------


def layer_gradients(activation: str, depth: int = 8, seed: int = 0) -> np.ndarray:
    """The mean |∂L/∂w| of each layer's kernel, first layer first, in a fresh network.

    `depth` layers of 32 units with the activation, then one linear unit; 64 rows of 16 normal
    numbers; kernels are Glorot's, for ReLU He's, which are made for it.

    Example:
        >>> layer_gradients("sigmoid", depth=3).shape
        (3,)
    """
    kind = HeNormal if "relu" in activation else GlorotUniform
    stack = [Dense(32, activation, kernel_initializer=kind(seed=seed + k)) for k in range(depth)]
    model = Sequential([Input((16,)), *stack, Dense(1, kernel_initializer=kind(seed=seed + depth))])
    random = np.random.default_rng(seed)
    x = random.normal(size=(64, 16)).astype(np.float32)
    t = random.normal(size=(64, 1)).astype(np.float32)
    with record():
        loss = MeanSquaredError()(t, model(x))
    kernels = [layer.kernel for layer in stack]
    return np.array([np.abs(np.asarray(g)).mean() for g in gradients(loss, kernels)])


def vanishing(activation: str = "sigmoid", depth: int = 8, seed: int = 0) -> Any:
    """Vanishing gradients: the mean |∂L/∂w| of each of eight layers, sigmoid against ReLU.

    Each sigmoid layer multiplies the gradient by σ′ ≤ ¼. Measured in a fresh network, see
    `layer_gradients`.

    Args:
        activation: drawn against ReLU: "sigmoid", "tanh", ...
        depth: how many layers, 2 to 30.
        seed: of weights and rows.

    Raises:
        UnknownNameError: no activation of this name.
        ArgumentError: another depth.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> [len(line.get_xdata()) for line in vanishing(depth=4).axes[0].lines]
        [4, 4]
    """
    need_whole("vanishing", 30, 2, depth=depth)
    need_whole("vanishing", 2**31, 0, seed=seed)
    found = {name: layer_gradients(name, depth, seed) for name in (activation, "relu")}
    ratios = {name: float(g[0] / g[-1]) if g[-1] else 0.0 for name, g in found.items()}
    alt = "; ".join(f"{name}: first layer {short_number(g[0])}, layer {depth} "
                    f"{short_number(g[-1])}, ratio {short_number(ratios[name])}"
                    for name, g in found.items())  # fmt: skip
    figure = sheet("Vanishing gradients", alt, 9.6, 5.2)
    title = f"first layer / layer {depth}:  " + ",  ".join(
        f"{name} {short_number(r)}" for name, r in ratios.items()
    )
    axes = panel(figure, title=title, x="layer (1 is next to the inputs)", y="mean |∂L/∂w|")
    at = np.arange(1, depth + 1)
    for k, (name, g) in enumerate(found.items()):
        axes.plot(at, np.where(g > 0, g, np.nan), ("-o", "--s")[k], color=COLOURS[1 - k],
                  linewidth=2.4, markersize=9, label=name)  # fmt: skip
    axes.set_yscale("log")
    axes.set_xticks(at)
    axes.grid(axis="y", color="#D5D9DE", linewidth=0.7)
    axes.legend(frameon=False, fontsize=13)
    return figure
