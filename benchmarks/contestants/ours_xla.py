"""chainrule, the epoch compiled by XLA."""

from __future__ import annotations

import itertools
import time

LABEL = "ours (XLA)"
NEEDS = ("chainrule", "jax")
ENV = {"CHAINRULE_ENGINE": "xla"}  # `predict` follows it too


class Contestant:
    """A `Sequential` trained by `fit`, as a user writes it."""

    engine = "xla"

    def __init__(self, workload, x, y):
        import chainrule as cr

        self.cr, self.x, self.batch = cr, x, workload.batch
        self.y = cr.utils.to_categorical(y, workload.classes) if workload.one_hot else y
        cr.utils.set_random_seed(0)
        self.model = cr.Sequential([cr.layers.Input((workload.features,))])
        for kind, *arguments in workload.layers:
            if kind == "dense":
                units, activation = arguments
                self.model.add(cr.layers.Dense(units, activation=activation))
            else:
                self.model.add(cr.layers.Dropout(*arguments))
        optimizer = cr.optimizers.Adam if workload.optimizer == "adam" else cr.optimizers.SGD
        self.model.compile(
            optimizer=optimizer(learning_rate=workload.learning_rate),
            loss=("" if workload.one_hot else "sparse_") + "categorical_crossentropy",
        )

    def train(self, epochs):
        """One call of `fit`, its epochs timed by a callback."""
        ends = [time.perf_counter()]

        class Clock(self.cr.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                ends.append(time.perf_counter())

        self.history = self.model.fit(
            self.x,
            self.y,
            batch_size=self.batch,
            epochs=epochs,
            verbose=0,
            engine=self.engine,
            callbacks=[Clock()],
        )
        return [end - begin for begin, end in itertools.pairwise(ends)]

    def loss(self):
        """Mean loss of the last epoch."""
        return self.history.history["loss"][-1]

    def predict_ways(self, sample):
        """Only the public `predict`: the claim is about that call."""
        return {"predict": lambda: self.model.predict(sample, verbose=0)}
