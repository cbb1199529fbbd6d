"""chainrule, the epoch compiled by XLA."""

from __future__ import annotations

import itertools
import time

from builders import keras_grammar

LABEL = "ours (XLA)"
NEEDS = ("chainrule", "jax")
ENV = {"CHAINRULE_ENGINE": "xla"}  # `predict` follows it too


class Contestant:
    """A `Sequential` trained by `fit`, as a user writes it."""

    engine = "xla"

    def __init__(self, workload, x, y):
        import chainrule as cr

        self.cr, self.x, self.batch = cr, x, workload.batch
        self.y = keras_grammar.labels_of(cr, workload, y)
        cr.utils.set_random_seed(0)
        self.model = keras_grammar.model_of(cr, workload)
        keras_grammar.compile_model(cr, self.model, workload)

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
