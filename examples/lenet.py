"""LeNet-5 on handwritten digits: two convolutions, two poolings, three dense layers, its picture.

The 1,797 digits of 8 by 8 pixels come with the package; a Resizing layer brings them to the 28 by
28 that the network was made for. (LeCun et al. 1998, *Gradient-based learning applied to document
recognition*.)

Run: python examples/lenet.py
"""

import chainrule as cr

cr.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = cr.datasets.digits.load_data()
x_train, x_test = x_train[..., None] / 16, x_test[..., None] / 16  # with an axis for the channel

lenet = cr.applications.LeNet5(activation="relu", pool="max")
model = cr.Sequential([cr.Input((8, 8, 1)), cr.layers.Resizing(28, 28), lenet])
model.compile(cr.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=3, verbose=2)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"{lenet.count_params():,} parameters, test accuracy {accuracy:.1%}")
assert accuracy > 0.9

drawing = cr.plots.network(lenet, title="LeNet-5")  # a notebook shows it; drawing.save("lenet.svg")
print(f"its picture: {len(drawing.svg()):,} characters of SVG")
