"""The calls of a graph between inputs and outputs, in an order in which they can run."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from ..layers.input import InputLayer
from ..symbol import GraphCall, Symbol

__all__ = ["trace"]


def trace(inputs: list[Symbol], outputs: list[Symbol], where: str) -> list[Any]:
    """The calls (and, for inputs, their symbols) that lead to the outputs, sorted by depth.

    Depth is the longest way to an output. Calls of one depth stand in the order in which they are
    met from the outputs, so that layers come in Keras's order.

    Raises:
        ArgumentError: an output needs an Input that is not among the inputs; a cycle.
    """
    given = {id(s) for s in inputs}
    found: list[Any] = []  # each after what it needs
    done: dict[int, bool] = {}  # False while what it needs is being looked at
    for output in outputs:
        waiting = [(output if id(output) in given else output.call, False)]
        while waiting:
            item, ready = waiting.pop()
            if ready:
                done[id(item)] = True
                found.append(item)
            elif done.get(id(item)) is False:
                raise ArgumentError(
                    "the graph has a cycle", where=where, received=f"{item.name} needs itself"
                )
            elif id(item) not in done:
                done[id(item)] = False
                _need_connected(item, where)
                waiting.append((item, True))
                waiting.extend((need, False) for need in reversed(_needs(item, given)))
    depth: dict[int, int] = {}
    for item in reversed(found):
        mine = depth.setdefault(id(item), 0)
        for need in _needs(item, given):
            depth[id(need)] = max(depth.get(id(need), 0), mine + 1)
    unused = [s for s in inputs if id(s) not in done]
    return sorted([*unused, *found], key=lambda item: -depth.get(id(item), 0))


def _needs(item: Any, given: set[int]) -> list[Any]:
    if isinstance(item, Symbol):
        return []
    return [s if id(s) in given else s.call for s in item.inputs]


def _need_connected(item: Any, where: str) -> None:
    if isinstance(item, GraphCall) and isinstance(item.callee, InputLayer):
        raise ArgumentError(
            f"the outputs need the input {item.name!r}, which is not among the inputs",
            where=where,
            received=item.callee.where,
            fix="Model(inputs=[...], outputs=...) with every Input that leads to an output",
        )
