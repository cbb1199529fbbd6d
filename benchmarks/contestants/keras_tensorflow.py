"""Keras 3 on TensorFlow: the same code with another backend."""

from __future__ import annotations

import os

from contestants import keras_jax

LABEL = "Keras on TF"
NEEDS = ("keras", "tensorflow")
ENV = {"KERAS_BACKEND": "tensorflow"}
# XLA, or TensorFlow's own kernels
CHOICES = {**keras_jax.CHOICES, "jit_compile": (True, False)}


class Contestant(keras_jax.Contestant):
    """TensorFlow takes its number of threads from calls, not from the environment."""

    def __init__(self, workload, x, y, **settings):
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["OMP_NUM_THREADS"]))
        super().__init__(workload, x, y, **settings)
