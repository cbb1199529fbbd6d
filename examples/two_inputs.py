"""Two inputs, two outputs: a model of your own, with a dict of losses by output name.

A flat is described by numbers and by a picture of its plan. One output is a price, the other says
whether the flat is sunny.

Run: python examples/two_inputs.py
"""

import numpy as np

import chainrule as cr
from chainrule.layers import Dense, Flatten

cr.utils.set_random_seed(0)
draw = np.random.default_rng(0)
numbers = draw.normal(size=(600, 3)).astype("float32")
plan = draw.random((600, 6, 6)).astype("float32")
x = {"numbers": numbers, "plan": plan}
y = {
    "price": (numbers @ [1.0, -2.0, 0.5] + plan.mean(axis=(1, 2)))[:, None].astype("float32"),
    "sunny": (plan[:, 0].sum(axis=1) > 3).astype("int32"),
}


class Flat(cr.Model):
    """Inputs and outputs by name; each layer is an attribute."""

    def __init__(self):
        super().__init__()
        self.flatten = Flatten()
        self.look = Dense(16, activation="relu")
        self.read = Dense(16, activation="relu")
        self.price = Dense(1)
        self.sunny = Dense(2, activation="softmax")

    def call(self, x):
        """A dict of inputs to a dict of outputs."""
        seen = self.look(self.flatten(x["plan"]))
        known = cr.ops.concatenate([seen, self.read(x["numbers"])], axis=1)
        return {"price": self.price(known), "sunny": self.sunny(known)}


model = Flat()
model.compile(
    optimizer=cr.optimizers.Adam(0.01),
    loss={"price": "mse", "sunny": "sparse_categorical_crossentropy"},
    loss_weights={"price": 1.0, "sunny": 2.0},
    metrics={"price": ["mae"], "sunny": ["accuracy"]},
)
# class weights by output name: sunny flats count twice (Keras has no such form)
weights = {"sunny": {0: 1.0, 1: 2.0}}
history = model.fit(x, y, epochs=30, class_weight=weights, verbose=0)
print("figures:", *history.history)
found = model.evaluate(x, y, verbose=0, return_dict=True)
print(f"price off by {found['price_mae']:.2f}, sunny right {found['sunny_accuracy']:.1%}")

answer = model.predict({"plan": plan[:2], "numbers": numbers[:2]})  # by name, in any order
print("first two:", answer["price"].ravel(), answer["sunny"].argmax(axis=1))
