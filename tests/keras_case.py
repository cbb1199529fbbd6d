"""One case of the comparison with Keras; see test_keras.py."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """`code` makes a layer, in the names of `layers`; it is called on arrays of `shapes`.

    `integers` is the number below which inputs are drawn as whole numbers; `call` are further
    arguments of the call; `positive` weights stand for variances.
    """

    code: str
    shapes: tuple[tuple[int, ...], ...]
    call: dict[str, Any] = field(default_factory=dict)
    integers: int = 0
    positive: bool = False
    apart: bool = False  # several inputs are several arguments, not one list
    tag: str = ""

    @property
    def id(self) -> str:
        return f"{self.code} {self.tag}".strip()

    def inputs(self) -> list[np.ndarray]:
        rng = np.random.default_rng(zlib.crc32(self.id.encode()))
        if self.integers:
            return [rng.integers(0, self.integers, s).astype("int32") for s in self.shapes]
        return [rng.normal(size=s).astype("float32") for s in self.shapes]

    def run(self, layers: Any) -> dict[str, Any]:
        """The results and the shapes of the weights in one library."""
        layer = eval(self.code, dict(vars(layers)))  # noqa: S307  # our own table
        inputs = self.inputs()
        given = inputs if self.apart or len(inputs) == 1 else [inputs]
        layer(*given, **self.call)
        rng = np.random.default_rng(1)
        weights = [np.asarray(w) for w in layer.get_weights()]
        drawn = [rng.normal(size=w.shape) * 0.5 for w in weights]
        drawn = [
            w if w.dtype.kind in "iu" else np.abs(d) + 0.1 if self.positive else d
            for w, d in zip(weights, drawn, strict=True)
        ]
        layer.set_weights(drawn)
        results = layer(*given, **self.call)
        results = results if isinstance(results, (list, tuple)) else [results]
        leaves = [p for r in results for p in (r if isinstance(r, (list, tuple)) else [r])]
        return {
            "weights": [list(w.shape) for w in weights if w.dtype.kind not in "iu"],
            "results": [np.asarray(r).tolist() for r in leaves],
        }
