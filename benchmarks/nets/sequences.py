"""Networks over time: recurrent, attending, and one that is nearly all embedding."""

from __future__ import annotations

from nets.base import Workload


def _recurrent(kind: str) -> Workload:
    return Workload(
        kind,
        rows=640,
        shape=(64, 32),
        layers=((kind, 128), ("dense", 10, "softmax")),
        batch=32,
        optimizer="adam",
        learning_rate=0.001,
    )


NETS = (
    _recurrent("lstm"),
    _recurrent("gru"),
    Workload(
        "transformer",
        rows=160,
        shape=(64,),
        layers=(
            ("embedding", 65, 128),
            ("positions",),
            *[("block", 4, 512)] * 4,
            ("dense", 65, "softmax"),
        ),
        batch=32,
        optimizer="adam",
        learning_rate=0.001,
        vocabulary=65,
    ),
    Workload(
        "text",
        rows=1_280,
        shape=(256,),
        layers=(
            ("embedding", 20_000, 64),
            ("average",),
            ("dense", 64, "relu"),
            ("dense", 1, "sigmoid"),
        ),
        batch=64,
        optimizer="adam",
        learning_rate=0.001,
        vocabulary=20_000,
    ),
)
