"""scikit-learn's MLPClassifier, one `partial_fit` per epoch."""

from __future__ import annotations

import time

LABEL = "scikit-learn"
NEEDS = ("sklearn",)


class Contestant:
    """Two classes get one logistic unit here, so the tiny net does slightly less work."""

    def __init__(self, workload, x, y):
        import numpy as np
        from sklearn.neural_network import MLPClassifier

        if any(kind == "dropout" for kind, *_ in workload.layers):
            raise NotImplementedError("MLPClassifier has no dropout")
        self.x, self.y, self.classes = x, y, np.arange(workload.classes)
        *hidden, _ = workload.dense
        self.model = MLPClassifier(
            hidden_layer_sizes=tuple(units for _, units, _ in hidden),
            activation=hidden[0][2],
            solver=workload.optimizer,
            alpha=0.0,
            batch_size=workload.batch,
            learning_rate_init=workload.learning_rate,
            momentum=0.0,
            random_state=0,
        )

    def train(self, epochs):
        """`partial_fit` goes through the data once, shuffled."""
        seconds = []
        for _ in range(epochs):
            begin = time.perf_counter()
            self.model.partial_fit(self.x, self.y, classes=self.classes)
            seconds.append(time.perf_counter() - begin)
        return seconds

    def loss(self):
        """Mean loss of the last epoch."""
        return self.model.loss_

    def predict_ways(self, sample):
        """Probabilities, as the others return."""
        return {"predict_proba": lambda: self.model.predict_proba(sample)}
