"""Keras 3 on JAX, trained by `fit`."""

from __future__ import annotations

import itertools
import time

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
        self.y = keras.utils.to_categorical(y, workload.classes) if workload.one_hot else y
        self.model = keras.Sequential([keras.layers.Input((workload.features,))])
        for kind, *arguments in workload.layers:
            if kind == "dense":
                units, activation = arguments
                self.model.add(keras.layers.Dense(units, activation=activation))
            else:
                self.model.add(keras.layers.Dropout(*arguments))
        optimizer = keras.optimizers.Adam if workload.optimizer == "adam" else keras.optimizers.SGD
        self.model.compile(
            optimizer=optimizer(learning_rate=workload.learning_rate),
            loss=("" if workload.one_hot else "sparse_") + "categorical_crossentropy",
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
