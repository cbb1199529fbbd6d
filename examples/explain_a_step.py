"""One training step, worked out as on paper: of a lecture's network, and of one of your own."""

import chainrule as cr
from chainrule.explanation import explain_deck

print(explain_deck("004").text(weight="w1"), end="\n\n")

cr.utils.set_random_seed(0)
model = cr.Sequential(
    [
        cr.Input((4, 2)),
        cr.layers.LSTM(2),
        cr.layers.Dense(2, "softmax"),
    ]
)
x = [[[0.1, 0.2], [0.3, -0.4], [0.5, 0.6], [-0.7, 0.8]]]
solution = cr.explain(model, x, [1], loss="sparse_categorical_crossentropy", optimizer="adam")
print(solution)

# numbers can be read as well: every line of a part has its name and its value
for line in solution["loss"].items:
    print(line.name, "is", line.value)
