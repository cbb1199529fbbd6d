"""Keras 3 on JAX, trained by `fit`."""

from __future__ import annotations

import itertools
import time

from builders import keras_grammar

LABEL = "Keras on JAX"
NEEDS = ("keras", "jax")
ENV = {"KERAS_BACKEND": "jax"}
CHOICES = {"steps_per_execution": (1, 20, 100)}


class Contestant:
    """The same grammar as ours, with `steps_per_execution` tuned."""

    def __init__(self, workload, x, y, steps_per_execution=100, jit_compile=True):
        import keras

        keras.utils.set_random_seed(0)
        self.keras, self.x, self.batch = keras, x, workload.batch
        self.y = keras_grammar.labels_of(keras, workload, y)
        self.model = keras_grammar.model_of(keras, workload)
        keras_grammar.compile_model(
            keras,
            self.model,
            workload,
            jit_compile=jit_compile,
            steps_per_execution=min(steps_per_execution, len(x) // workload.batch),
        )

    def train(self, epochs):
        """One call of `fit`, its epochs timed by a callback."""
        ends = [time.perf_counter()]
        clock = self.keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
        )
        self.history = self.model.fit(
            self.x,
            self.y,
            batch_size=self.batch,
            epochs=epochs,
            verbose=0,
            callbacks=[clock],
        )
        return [end - begin for begin, end in itertools.pairwise(ends)]

    def loss(self):
        """Mean loss of the last epoch."""
        return self.history.history["loss"][-1]

    def predict_ways(self, sample):
        """Both quick doors; `predict` itself builds a data pipeline and is far slower."""
        model, ready = self.model, self.keras.ops.convert_to_tensor(sample)
        return {
            "call": lambda: self.keras.ops.convert_to_numpy(model(ready, training=False)),
            "predict_on_batch": lambda: model.predict_on_batch(sample),
        }
