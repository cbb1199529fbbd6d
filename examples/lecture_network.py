"""A small classifier in Keras's grammar: the program of an introductory lecture.

Run: python examples/lecture_network.py
"""

import numpy as np

import chainrule as cr
from chainrule.callbacks import EarlyStopping
from chainrule.layers import Dense, Dropout
from chainrule.models import Sequential
from chainrule.optimizers import Adam

cr.utils.set_random_seed(0)
(x_train, y_train), (x_test, y_test) = cr.datasets.digits.load_data()
x_train, x_test = x_train.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16

model = Sequential()
model.add(Dense(128, input_shape=[64], activation="relu"))
model.add(Dropout(0.2))
model.add(Dense(10, activation="softmax"))
model.compile(optimizer=Adam(), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()

stop = EarlyStopping(patience=5, restore_best_weights=True)
model.fit(
    x_train, y_train, epochs=40, batch_size=32, validation_split=0.1, callbacks=[stop], verbose=2
)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test accuracy {accuracy:.3f}")

wrong = np.flatnonzero(model.predict(x_test).argmax(axis=1) != y_test)
print(f"{len(wrong)} of {len(x_test)} wrong; the first: row {wrong[0] if len(wrong) else '-'}")
