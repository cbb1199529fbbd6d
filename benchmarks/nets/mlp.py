"""Dense networks: the playground's, MNIST's, and the one of the course with dropout."""

from __future__ import annotations

from nets.base import Workload

NETS = (
    Workload(
        "mlp-tiny",
        rows=1_000,
        shape=(2,),
        layers=(("dense", 8, "tanh"), ("dense", 8, "tanh"), ("dense", 2, "softmax")),
        batch=10,
        optimizer="sgd",
        learning_rate=0.03,
    ),
    Workload(
        "mlp-mnist",
        rows=12_800,
        shape=(784,),
        layers=(("dense", 512, "relu"), ("dense", 512, "relu"), ("dense", 10, "softmax")),
        batch=128,
        optimizer="adam",
        learning_rate=0.001,
    ),
    Workload(
        "mlp-deck",
        rows=6_400,
        shape=(6,),
        layers=(
            ("dense", 1024, "relu"),
            ("dropout", 0.2),
            ("dense", 2048, "relu"),
            ("dropout", 0.3),
            ("dense", 512, "relu"),
            ("dense", 5, "softmax"),
        ),
        batch=64,
        optimizer="adam",
        learning_rate=0.001,
        one_hot=True,
    ),
)
