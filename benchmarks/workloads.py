"""What is measured, as data: one row per question asked of the networks of `nets/`."""

from __future__ import annotations

from typing import Any, NamedTuple

from nets import images, mlp, sequences


class Row(NamedTuple):
    """One line of the report: a job, the contestants that do it, and how fast ours must be."""

    name: str  # "family" or "family:workload"; --only accepts either
    job: str  # a function of jobs.py
    contestants: tuple[str, ...]  # the first is the one the ratios are taken for
    workload: str | None = None
    targets: dict[str, float] = {}  # peer -> least acceptable (peer's time / our time)
    limit: float | None = None  # the most our own figure may be, in the row's unit
    share: float | None = None  # the least share of the machine's limit that ours may reach
    quick: int = 1  # rounds with --quick
    unit: str = "s"
    about: str = ""


TRAINERS = (
    "ours_xla",
    "torch_eager",
    "torch_compile",
    "keras_jax",
    "keras_tensorflow",
    "sklearn_mlp",
    "hand_jax",
)
PREDICTORS = ("ours_xla", "ours_numpy", *TRAINERS[1:])
DEEP = ("ours_xla", "torch_eager", "torch_compile", "keras_jax", "keras_tensorflow")
IMAGES = (*DEEP[:3], "torch_channels_last", *DEEP[3:])
TINY = {"torch_eager": 10, "torch_compile": 10, "keras_jax": 10, "keras_tensorflow": 10}
MNIST = {"torch_eager": 2, "torch_compile": 2, "keras_jax": 1.2, "hand_jax": 0.97}
DECK = {"torch_eager": 2, "torch_compile": 2, "keras_jax": 1.15}
STARTERS = ("ours_xla", "torch_eager", "keras_jax")
BEST = {  # the least (peer's time / ours) for every peer
    "lenet5": 1.2,
    "cnn": 1.2,
    "lstm": 1.2,
    "gru": 1.2,
    "transformer": 1.3,
    "text": 1.2,
}
# seconds to the end of the first step, with an empty cache and with a full one
FIRST_STEPS = {
    "mlp-mnist": (1.5, 0.6),
    "lenet5": (3.0, 1.5),
    "lstm": (3.0, 1.5),
    "gru": (3.0, 1.5),
    "transformer": (5.0, 1.5),
    "text": (3.0, 1.5),
}
ABOUT_CACHE = {
    "cold": "empty compilation cache",
    "warm": "the cache filled by an earlier process",
}

ROWS = (
    Row("mlp-tiny", "step", TRAINERS, "mlp-tiny", TINY, quick=2, about="one training step"),
    Row(
        "mlp-mnist",
        "step",
        TRAINERS,
        "mlp-mnist",
        MNIST,
        share=0.85,
        quick=2,
        about="one training step",
    ),
    Row(
        "mlp-deck",
        "step",
        TRAINERS,
        "mlp-deck",
        DECK,
        share=0.85,
        quick=2,
        about="one training step",
    ),
    *(
        Row(
            net.name,
            "step",
            contestants := IMAGES if net in images.NETS else DEEP,
            net.name,
            dict.fromkeys(contestants[1:], BEST[net.name]),
            share=0.7,
            about="one training step",
        )
        for net in (*images.NETS, *sequences.NETS)
    ),
    *(
        Row(
            f"eager:{name}",
            "step",
            ("ours_numpy", "torch_eager"),
            name,
            {"torch_eager": 1},
            about="one training step, nothing compiled",
        )
        for name in (net.name for net in mlp.NETS)
    ),
    *(
        Row(
            f"predict-one:{name}",
            "predict_one",
            PREDICTORS,
            name,
            {"torch_eager": 3},
            about="one prediction of one sample",
        )
        for name in ("mlp-tiny", "mlp-mnist")
    ),
    Row(
        "import",
        "import_time",
        ("ours", "numpy", "jax", "torch", "keras_jax", "keras_tensorflow"),
        limit=0.120,
        about="the import statement alone; numpy is the floor",
    ),
    *(
        Row(
            f"first-step:{net}-{cache}" if net != "mlp-mnist" else f"first-step:{cache}",
            "first_step",
            STARTERS,
            net,
            limit=limit,
            about=f"process start to end of the first step of {net}, {ABOUT_CACHE[cache]}",
        )
        for net, limits in FIRST_STEPS.items()
        for cache, limit in zip(ABOUT_CACHE, limits, strict=True)
    ),
    Row(
        "rng",
        "rng",
        ("ours_numpy", "ours_xla", "numpy", "jax"),
        about="a million 32-bit draws",
    ),
    *(
        Row(
            f"memory:{what}",
            f"memory_{what}",
            ("ours_xla", "ours_numpy", "torch_eager", "keras_jax"),
            "mlp-tiny",
            unit="MiB",
            about=f"growth of resident memory over {count} (a tenth with --quick)",
        )
        for what, count in (("train", "10,000 steps"), ("predict", "10,000 predictions"))
    ),
    Row(
        "memory:lenet5",
        "memory_step",
        ("ours_xla", "torch_eager", "keras_jax"),
        "lenet5",
        {"torch_eager": 1 / 1.3},
        unit="MiB",
        about="peak of resident memory in a step, above what the loaded libraries take",
    ),
)

# The best settings found by `--tune` on the machine NOTES.md describes, where they are not the
# contestants' defaults; tune anew elsewhere.
SETTINGS: dict[tuple[str, str], dict[str, Any]] = {
    ("torch_eager", "mlp-tiny"): {"fused": False},
    ("torch_compile", "mlp-tiny"): {"fused": False},
    ("keras_tensorflow", "mlp-mnist"): {"steps_per_execution": 20},
    ("keras_tensorflow", "mlp-deck"): {"steps_per_execution": 20, "jit_compile": False},
    **{
        ("keras_tensorflow", net.name): {"steps_per_execution": 20, "jit_compile": False}
        for net in (*images.NETS, *sequences.NETS)
    },
    # a whole epoch as one program falls off the compiler's convolution cliff
    **{("keras_jax", net.name): {"steps_per_execution": 1} for net in images.NETS},
}
