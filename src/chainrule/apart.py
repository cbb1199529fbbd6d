"""A tape that stands apart from those around it, and knows what it takes from them."""

from __future__ import annotations

from .chain import Node, Tape, _open

__all__ = ["Apart"]


class Apart(Tape):
    """A tape that stands alone: what is open around it records nothing, and lends its values.

    A value of theirs that meets an operation here is an input here. So `sources` holds all that a
    function closes over, recorded values and Variables, and every number is a plain array, as
    inside a loop that is compiled apart.

    Args:
        around: the tape around it, which may be closed by now: for a function that is run again.

    Example:
        >>> import numpy as np, chainrule as cr
        >>> with cr.record() as around:
        ...     w = around.watch(np.array(3.0))
        ...     with Apart() as tape:
        ...         y = w * 2.0
        >>> [call.operation for call in around.calls], list(tape.sources.values()) == [w]
        ([None], True)
    """

    def __init__(self, around: Tape | None = None) -> None:
        super().__init__()
        self._around, self._before = around, []

    def __enter__(self) -> Apart:
        tape = _open.get() if self._around is None else self._around
        while tape is not None:
            if tape is self._around or not tape.closed:
                self._before.append((tape, tape.closed, tape.lent_to))
                tape.closed, tape.lent_to = True, self
            tape = tape.outer
        self._token = _open.set(self)
        return self

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        for tape, *before in self._before:
            tape.closed, tape.lent_to = before

    def borrow(self, node: Node) -> Node:
        """The input here that stands for a value recorded around it."""
        known = self._inputs.get(id(node))
        return self._enter(node, node.value) if known is None else known
