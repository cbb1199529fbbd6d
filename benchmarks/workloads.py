"""What is measured, as data: three networks, and one row per question asked of them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Workload(NamedTuple):
    """A network with its training set and settings, described in no framework's terms."""

    name: str
    rows: int
    features: int
    layers: tuple[tuple[Any, ...], ...]  # ("dense", units, activation) or ("dropout", rate)
    batch: int
    optimizer: str  # "sgd" or "adam"
    learning_rate: float
    one_hot: bool = False  # labels as a course gives them; a peer may take the form it likes best

    @property
    def classes(self) -> int:
        """Units of the last layer."""
        return self.layers[-1][1]

    @property
    def steps(self) -> int:
        """Steps in one epoch; rows are a multiple of the batch, so none is ragged."""
        return self.rows // self.batch

    @property
    def dense(self) -> list[tuple[int, int, str]]:
        """(inputs, units, activation) of every dense layer."""
        units = [layer[1:] for layer in self.layers if layer[0] == "dense"]
        inputs = [self.features, *(width for width, _ in units)]
        return [(i, width, act) for i, (width, act) in zip(inputs, units, strict=False)]

    @property
    def flops(self) -> int:
        """Multiply-adds of one step's GEMMs, counted as two; the first layer needs no dX."""
        forward = [2 * self.batch * i * o for i, o, _ in self.dense]
        return 3 * sum(forward) - forward[0]

    def data(self, rows: int | None = None) -> tuple[Any, Any]:
        """Random inputs, labelled by a random linear teacher so that the loss can fall."""
        import numpy as np

        random = np.random.default_rng(0)
        x = random.standard_normal((rows or self.rows, self.features), dtype=np.float32)
        teacher = random.standard_normal((self.features, self.classes), dtype=np.float32)
        return x, (x @ teacher).argmax(axis=1).astype(np.int32)


MLPS = {
    w.name: w
    for w in (
        Workload(
            "mlp-tiny",
            rows=1_000,
            features=2,
            layers=(("dense", 8, "tanh"), ("dense", 8, "tanh"), ("dense", 2, "softmax")),
            batch=10,
            optimizer="sgd",
            learning_rate=0.03,
        ),
        Workload(
            "mlp-mnist",
            rows=12_800,
            features=784,
            layers=(("dense", 512, "relu"), ("dense", 512, "relu"), ("dense", 10, "softmax")),
            batch=128,
            optimizer="adam",
            learning_rate=0.001,
        ),
        Workload(
            "mlp-deck",
            rows=6_400,
            features=6,
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
}


class Row(NamedTuple):
    """One line of the report: a job, the contestants that do it, and how fast ours must be."""

    name: str  # "family" or "family:workload"; --only accepts either
    job: str  # a function of jobs.py
    contestants: tuple[str, ...]  # the first is the one the ratios are taken for
    workload: str | None = None
    targets: dict[str, float] = {}  # peer -> least acceptable (peer's time / our time)
    limit: float | None = None  # the most our own figure may be, in the row's unit
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
TINY = {"torch_eager": 10, "torch_compile": 10, "keras_jax": 10, "keras_tensorflow": 10}
MNIST = {"torch_eager": 2, "torch_compile": 2, "keras_jax": 1.2, "hand_jax": 0.97}
DECK = {"torch_eager": 2, "torch_compile": 2, "keras_jax": 1.15}
STARTERS = ("ours_xla", "torch_eager", "keras_jax")

ROWS = (
    Row("mlp-tiny", "step", TRAINERS, "mlp-tiny", TINY, about="one training step"),
    Row("mlp-mnist", "step", TRAINERS, "mlp-mnist", MNIST, about="one training step"),
    Row("mlp-deck", "step", TRAINERS, "mlp-deck", DECK, about="one training step"),
    *(
        Row(
            f"eager:{name}",
            "step",
            ("ours_numpy", "torch_eager"),
            name,
            {"torch_eager": 1},
            about="one training step, nothing compiled",
        )
        for name in MLPS
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
    Row(
        "first-step:cold",
        "first_step",
        STARTERS,
        "mlp-mnist",
        limit=1.5,
        about="process start to end of the first step, empty compilation cache",
    ),
    Row(
        "first-step:warm",
        "first_step",
        STARTERS,
        "mlp-mnist",
        limit=0.6,
        about="the same with the cache filled by an earlier process",
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
)

# The best settings found by `--tune` on the machine NOTES.md describes, where they are not the
# contestants' defaults; tune anew elsewhere.
SETTINGS: dict[tuple[str, str], dict[str, Any]] = {
    ("torch_eager", "mlp-tiny"): {"fused": False},
    ("torch_compile", "mlp-tiny"): {"fused": False},
    ("keras_tensorflow", "mlp-mnist"): {"steps_per_execution": 20},
    ("keras_tensorflow", "mlp-deck"): {"steps_per_execution": 20, "jit_compile": False},
}
