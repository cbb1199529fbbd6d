"""Convolutional networks: LeNet-5, and a small one of today."""

from __future__ import annotations

from nets.base import Workload

NETS = (
    Workload(  # 61,706 parameters; every map of the third layer sees all maps before it
        "lenet5",
        rows=2_560,
        shape=(28, 28, 1),
        layers=(
            ("conv", 6, 5, "same", "tanh"),
            ("pool", "average", 2),
            ("conv", 16, 5, "valid", "tanh"),
            ("pool", "average", 2),
            ("flatten",),
            ("dense", 120, "tanh"),
            ("dense", 84, "tanh"),
            ("dense", 10, "softmax"),
        ),
        batch=128,
        optimizer="adam",
        learning_rate=0.001,
    ),
    Workload(
        "cnn",
        rows=640,
        shape=(32, 32, 3),
        layers=(
            ("conv_norm", 32, 3),
            ("conv_norm", 32, 3),
            ("pool", "max", 2),
            ("conv_norm", 64, 3),
            ("conv_norm", 64, 3),
            ("pool", "max", 2),
            ("conv_norm", 128, 3),
            ("average",),
            ("dense", 10, "softmax"),
        ),
        batch=64,
        optimizer="adam",
        learning_rate=0.001,
    ),
)
