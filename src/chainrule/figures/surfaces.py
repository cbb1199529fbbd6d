"""The cost of two weights, J(w₀, w₁): its surface, and the paths of optimizers on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..drawing.base import short_number
from ..optimizers import SGD, Adam
from .paper import BLACK, COLOURS, Animation, need_rate, need_whole, panel, sheet
from .walks import Line, Walk, batches_of, cost, named_optimizer, walk

__all__ = ["START", "batches", "momentum", "moving_paths", "paths", "ravine", "surface", "ways"]

START = (-1.5, 3.6)
_SIDES = (np.linspace(-2.2, 3.2, 91), np.linspace(-0.2, 4.6, 81))  # of w₀ and w₁
_LOOKS = {"batch": ("-", "o"), "mini-batch": ("--", "s"), "stochastic": (":", "^"),
          "momentum": ("-.", "D"), "Adam": ("-", "v")}  # fmt: skip
_MOST_FRAMES = 60


def heights(points: Line) -> np.ndarray:
    """J at every point of the drawn plane, (91, 81).

    Example:
        >>> heights(Line.drawn(0)).shape
        (91, 81)
    """
    return np.asarray(cost(np.stack(np.meshgrid(*_SIDES, indexing="ij")), points))


def _map(axes: Any, points: Line) -> None:
    """J as lines of equal height, closer together towards the bottom, and where it is lowest."""
    j = heights(points)
    levels = j.min() + (j.max() - j.min()) * np.linspace(0.02, 1, 13) ** 2.2
    axes.contourf(*_SIDES, j.T, [j.min() - 1e-9, *levels], cmap="Greys", alpha=0.45)
    axes.contour(*_SIDES, j.T, levels, colors="#7A838E", linewidths=0.7)
    axes.plot(*points.lowest, "*", color=BLACK, markersize=15, zorder=6)
    axes.set_xlim(_SIDES[0][[0, -1]])
    axes.set_ylim(_SIDES[1][[0, -1]])


def _ways_end(way: Walk, points: Line) -> str:
    return f"J = {short_number(float(cost(way.path[-1], points)))}"


def surface(
    optimizer: str = "sgd", learning_rate: float = 0.4, steps: int = 60, seed: int = 0
) -> Any:
    """The surface J(w₀, w₁) with an optimizer's path on it, in space and from above.

    J(w) = 1/(2m)·Σ (w₀ + w₁·x − t)² of 64 points near the line t = 1 + 2x, on the whole batch.

    Args:
        optimizer: "sgd", "momentum" (β 0.9), "nesterov", "adagrad", "rmsprop" or "adam".
        learning_rate: its rate.
        steps: how many updates.
        seed: of the points' noise.

    Raises:
        ArgumentError: an unknown optimizer, a rate that is not above 0, more than 5,000 steps.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> surface(steps=3).description
        'sgd, rate 0.4, 3 updates from (−1.5, 3.6): w = (−0.849, 3.58), J = 0.475'
    """
    need_rate("surface", learning_rate)
    need_whole("surface", 5000, steps=steps)
    need_whole("surface", 2**31, 0, seed=seed)
    points = Line.drawn(seed)
    found = named_optimizer(optimizer, learning_rate, "figures.surface")
    way = walk(lambda w: cost(w, points), START, found, steps, far=1e4)
    end = ", ".join(short_number(float(v)) for v in way.path[-1])
    alt = (f"{optimizer}, rate {short_number(learning_rate)}, {len(way.path) - 1} updates from "
           f"(−1.5, 3.6): w = ({end}), {_ways_end(way, points)}")  # fmt: skip
    figure = sheet("The cost surface J(w₀, w₁)", alt, 12.0, 5.4)
    _space(figure, points, way)
    axes = panel(figure, 1, 2, 2, title=alt.split(" from")[0], x="w₀", y="w₁")
    _map(axes, points)
    axes.plot(*way.path.T, "-o", color=COLOURS[1], linewidth=2, markersize=4)
    axes.plot(*START, "o", color=COLOURS[1], markersize=11, markeredgecolor=BLACK, zorder=5)
    axes.plot(*way.path[-1], "D", color=COLOURS[1], markersize=8, markeredgecolor=BLACK, zorder=7)
    paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    axes.text(*_beside(way.path[-1]), _ways_end(way, points), fontsize=12, color=BLACK, bbox=paper,
              zorder=8)  # fmt: skip
    return figure


def _beside(place: np.ndarray) -> tuple[float, float]:
    """A place for words near a point, within the drawn plane."""
    x = min(max(float(place[0]) + 0.25, -2.0), 1.8)
    return x, min(max(float(place[1]) + 0.3, 0.1), 4.2)


def _space(figure: Any, points: Line, way: Walk) -> None:
    """The surface, the path on it, and the path's shadow on the floor."""
    axes = figure.add_subplot(1, 2, 1, projection="3d")
    j = heights(points)
    grid = np.meshgrid(*_SIDES, indexing="ij")
    axes.plot_surface(*grid, j, cmap="cividis", alpha=0.72, rstride=3, cstride=3, linewidth=0.2,
                      edgecolor="#55555580")  # fmt: skip
    (a, b), (c, d) = _SIDES[0][[0, -1]], _SIDES[1][[0, -1]]
    seen = way.path[(way.path[:, 0] >= a) & (way.path[:, 0] <= b)
                    & (way.path[:, 1] >= c) & (way.path[:, 1] <= d)]  # fmt: skip
    up = np.asarray(cost(seen.T, points)) + 0.01 * j.max()
    axes.plot(*seen.T, up, "-o", color=COLOURS[1], linewidth=2.4, markersize=3.5, zorder=10)
    axes.plot(*seen.T, np.zeros(len(seen)), ":", color=BLACK, linewidth=1.4, zorder=1)
    axes.set_xlabel("w₀", fontsize=12)
    axes.set_ylabel("w₁", fontsize=12)
    axes.set_zlabel("J", fontsize=12)
    axes.set_zlim(0, j.max())
    axes.view_init(elev=32, azim=-62)


# --- paths side by side -------------------------------------------------------------------------


def ways(
    learning_rate: float = 0.1, steps: int = 60, batch_size: int = 8, seed: int = 0
) -> dict[str, Walk]:
    """The paths of batch, mini-batch, stochastic, momentum and Adam, as many updates each.

    Example:
        >>> sorted(ways(steps=1))
        ['Adam', 'batch', 'mini-batch', 'momentum', 'stochastic']
    """
    points = Line.drawn(seed)
    count = len(points.x)

    def gone(size: int, optimizer: Any) -> Walk:
        rows = batches_of(count, size, seed)
        return walk(lambda w: cost(w, points, next(rows)), START, optimizer, steps, far=1e4)

    return {
        "batch": gone(count, SGD(learning_rate)),
        "mini-batch": gone(batch_size, SGD(learning_rate)),
        "stochastic": gone(1, SGD(learning_rate)),
        "momentum": gone(count, SGD(learning_rate, momentum=0.9)),
        "Adam": gone(count, Adam(learning_rate)),
    }


def _checked(where: str, learning_rate: float, steps: int, batch_size: int, seed: int) -> None:
    need_rate(where, learning_rate)
    need_whole(where, 2000, steps=steps)
    need_whole(where, 64, batch_size=batch_size)
    need_whole(where, 2**31, 0, seed=seed)


def _told(found: dict[str, Walk], points: Line) -> str:
    ends = "; ".join(f"{name}: {_ways_end(way, points)}" for name, way in found.items())
    return f"after {max(len(w.path) for w in found.values()) - 1} updates each: {ends}"


def paths(learning_rate: float = 0.1, steps: int = 60, batch_size: int = 8, seed: int = 0) -> Any:
    """The paths of batch, mini-batch, stochastic gradient descent, momentum and Adam over J.

    J as for `surface`, on all 64 points, `batch_size` of them, or one; momentum (β 0.9) and Adam
    on all. Each makes the same number of updates at the same rate. `animation("paths")` moves.

    Args:
        learning_rate: of each.
        steps: updates of each.
        batch_size: of the mini-batches.
        seed: of the points' noise and of the order of the rows.

    Raises:
        ArgumentError: a rate that is not above 0, more than 2,000 steps, a batch of more than 64.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> paths(steps=2).description[:39]
        'after 2 updates each: batch: J = 0.712;'
    """
    _checked("paths", learning_rate, steps, batch_size, seed)
    points, found = Line.drawn(seed), ways(learning_rate, steps, batch_size, seed)
    figure = sheet("Paths to the minimum", _told(found, points), 12.0, 7.0)
    names = {"mini-batch": f"mini-batch of {batch_size}"}
    for k, (name, way) in enumerate(found.items()):
        axes = panel(
            figure, 2, 3, k + 1, title=f"{names.get(name, name)}: {_ways_end(way, points)}"
        )
        _map(axes, points)
        axes.plot(*way.path.T, "-", color=COLOURS[k], linewidth=1.6, marker=_LOOKS[name][1],
                  markersize=3)  # fmt: skip
        axes.plot(*START, "o", color=COLOURS[k], markersize=9, markeredgecolor=BLACK)
    axes = panel(figure, 2, 3, 6, title="J on all points", x="update", y="J")
    _fall(axes, found, points)
    return figure


def _fall(axes: Any, found: dict[str, Walk], points: Line) -> list[Any]:
    """J after each update, for every path."""
    drawn = []
    for k, (name, way) in enumerate(found.items()):
        j = np.asarray(cost(way.path.T, points))
        drawn += axes.plot(j, _LOOKS[name][0], color=COLOURS[k], linewidth=1.8, label=name)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.35)  # room for the names
    axes.legend(frameon=False, fontsize=10, ncols=2, loc="upper right")
    return drawn


def moving_paths(
    learning_rate: float = 0.1, steps: int = 60, batch_size: int = 8, seed: int = 0
) -> Animation:
    """`paths` in motion: all five on one map, update by update.

    Example:
        >>> moving_paths(steps=3).frames
        4
    """
    _checked("paths", learning_rate, steps, batch_size, seed)
    points, found = Line.drawn(seed), ways(learning_rate, steps, batch_size, seed)
    figure = sheet("Paths to the minimum", _told(found, points), 8.4, 5.6)
    axes = panel(figure, x="w₀", y="w₁")
    _map(axes, points)
    lines, heads = [], []
    for k, (name, (style, mark)) in enumerate(_LOOKS.items()):
        lines += axes.plot([], [], style, color=COLOURS[k], linewidth=2.2)
        size = 13 if name == "batch" else 9  # which mini-batch stays close to
        heads += axes.plot([], [], mark, color=COLOURS[k], markersize=size, markeredgecolor=BLACK,
                           label=name, zorder=7)  # fmt: skip
    axes.legend(fontsize=11, loc="lower left", framealpha=0.9)

    word = axes.text(0.98, 0.96, "", transform=axes.transAxes, ha="right", va="top", fontsize=14)
    each = -(-steps // _MOST_FRAMES)

    def show(k: int) -> None:
        done = min(k * each, steps)
        word.set_text(f"update {done} of {steps}")
        for line, head, way in zip(lines, heads, found.values(), strict=True):
            gone = way.path[: done + 1]
            line.set_data(*gone.T)
            head.set_data(*gone[-1:].T)

    return Animation(figure, show, [*lines, *heads, word], -(-steps // each) + 1)


# --- momentum -----------------------------------------------------------------------------------


def ravine(w: Any) -> Any:
    """J(w) = ½(w₀² + 100·w₁²): a narrow valley, 100 times as steep across as along.

    Example:
        >>> float(ravine(np.array([2.0, 1.0])))
        52.0
    """
    return 0.5 * (w[0] * w[0] + 100 * w[1] * w[1])


def momentum(learning_rate: float = 0.018, steps: int = 40) -> Any:
    """Plain gradient descent and momentum in a ravine, J(w) = ½(w₀² + 100·w₁²).

    Momentum, v := βv − α·∇J, w := w + v, with β 0.9 as in deck 001, though in the classical form:
    the deck's moving average makes steps a tenth as long at the same rate (E11).

    Args:
        learning_rate: of both; plain descent diverges from 0.02 on.
        steps: updates of each.

    Raises:
        ArgumentError: a rate that is not above 0, or more than 2,000 steps.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> momentum().description
        'after 40 updates: plain J = 9.47, momentum J = 0.0196'
    """
    need_rate("momentum", learning_rate)
    need_whole("momentum", 2000, steps=steps)
    start = [-9.0, 0.6]
    found = {
        "plain": walk(ravine, start, SGD(learning_rate), steps, far=1e4),
        "momentum": walk(ravine, start, SGD(learning_rate, momentum=0.9), steps, far=1e4),
    }
    js = {name: np.asarray(ravine(way.path.T)) for name, way in found.items()}
    alt = f"after {steps} updates: " + ", ".join(
        f"{name} J = {short_number(float(j[-1]))}" for name, j in js.items()
    )
    figure = sheet("Momentum in a ravine", alt, 11.0, 6.2)
    sides = np.linspace(-10, 7, 120), np.linspace(-0.8, 0.8, 90)
    ground = ravine(np.stack(np.meshgrid(*sides, indexing="ij")))
    for k, (name, way) in enumerate(found.items()):
        title = f"{name}: J = {short_number(float(js[name][-1]))} after {len(way.path) - 1} updates"
        axes = panel(figure, 2, 1, k + 1, title=title, x="w₀" if k else "", y="w₁")
        axes.contour(*sides, np.asarray(ground).T, 50 * np.linspace(0.05, 1, 10) ** 2,
                     colors="#7A838E", linewidths=0.7)  # fmt: skip
        axes.plot(*way.path.T, "-o", color=COLOURS[1 - k], linewidth=1.8, markersize=4)
        axes.plot(0, 0, "*", color=BLACK, markersize=14, zorder=5)
        axes.set_xlim(sides[0][[0, -1]])
        axes.set_ylim(sides[1][[0, -1]])
    return figure


# --- batch and epoch ----------------------------------------------------------------------------


def batches(learning_rate: float = 0.1, epochs: int = 4, batch_size: int = 8, seed: int = 0) -> Any:
    """Batch against epoch: J after each update, for batches of all 64 rows, of some, and of one.

    An epoch shows all rows once; in it there are ⌈N/B⌉ updates.

    Args:
        learning_rate: of plain gradient descent.
        epochs: how often all rows are shown.
        batch_size: of the picture in the middle.
        seed: of the points' noise and of the order of the rows.

    Raises:
        ArgumentError: a rate that is not above 0, more than 20 epochs, a batch of more than 64.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> [axes.get_title().splitlines()[1] for axes in batches(epochs=1).axes]
        ['1 update an epoch', '8 updates an epoch', '64 updates an epoch']
    """
    need_whole("batches", 20, epochs=epochs)
    _checked("batches", learning_rate, 1, batch_size, seed)
    points = Line.drawn(seed)
    count = len(points.x)
    found = []
    for size in (count, batch_size, 1):
        each, rows = -(-count // size), batches_of(count, size, seed)
        way = walk(
            lambda w, rows=rows: cost(w, points, next(rows)), START, SGD(learning_rate),
            each * epochs, far=1e4,
        )  # fmt: skip
        found.append((size, each, np.asarray(cost(way.path.T, points))))
    alt = f"{epochs} epochs of {count} rows: " + "; ".join(
        f"batches of {size}: {each * epochs} updates, J = {short_number(float(j[-1]))}"
        for size, each, j in found
    )
    figure = sheet("Batch and epoch: each dot is an update", alt, 12.0, 4.8)
    top = max(float(j.max()) for _, _, j in found)
    low = min(float(j.min()) for _, _, j in found)
    for k, (size, each, j) in enumerate(found):
        kind = ("batch", "mini-batch", "stochastic")[k]
        title = f"{kind}: {size} of {count} rows\n{each} update{'s' * (each > 1)} an epoch"
        axes = panel(figure, 1, 3, k + 1, title=title, x="epoch", y="" if k else "J on all rows")
        for epoch in range(epochs + 1):
            axes.axvline(epoch, color="#D5D9DE", linewidth=1)
        axes.plot(np.arange(len(j)) / each, j, "-o", color=COLOURS[k], linewidth=1.4,
                  markersize=(6, 4, 1.8)[k])  # fmt: skip
        axes.set_yscale("log")
        axes.set_ylim(0.8 * low, 1.3 * top)
        axes.set_xticks(range(epochs + 1))
    return figure
