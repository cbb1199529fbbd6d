"""Forty short programs as Keras's guides, books and readers of PyTorch's tutorials write them.

Each is a function of `keras`, which may be Keras 3 or chainrule, with nothing else changed; it
returns figures. `same` says that Keras gives the same figures from the same first weights: what is
random (first weights, order, masks) is taken out by constant weights and `shuffle=False`.
"""

from __future__ import annotations

import os
import tempfile

import numpy as np

PROGRAMS: dict = {}
SAME: set[str] = set()


def program(same=False):
    def enter(f):
        PROGRAMS[f.__name__] = f
        if same:
            SAME.add(f.__name__)
        return f

    return enter


def table(rows=32, columns=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)).astype("float32")
    return x, (x @ np.arange(1, columns + 1, dtype="float32") / columns).astype("float32")


def classes(rows=48, seed=1):
    x, y = table(rows, 4, seed)
    return x, (y > 0).astype("int32") + (y > 1)


def images(rows=16):
    rng = np.random.default_rng(2)
    return rng.random((rows, 8, 8, 1)).astype("float32"), rng.integers(0, 3, rows)


def words(rows=16, length=6, vocabulary=11):
    rng = np.random.default_rng(3)
    x = rng.integers(1, vocabulary, (rows, length))
    return x, (x[:, 0] > 5).astype("float32")


def fixed(model, scale=0.3):
    """First weights that depend on their place alone."""
    model.set_weights(
        [np.cos(np.arange(w.size)).reshape(w.shape).astype(w.dtype) * scale
         for w in model.get_weights()]
    )  # fmt: skip
    return model


def losses(history):
    return [float(v) for v in history.history["loss"]]


QUIET = {"verbose": 0, "shuffle": False, "batch_size": 8}


# --- guides: the Sequential model, the functional API ---------------------------------------------


@program(same=True)
def linear_regression(keras):
    x, y = table()
    model = fixed(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.05), loss="mse", metrics=["mae"])
    history = model.fit(x, y, epochs=3, **QUIET)
    return losses(history) + [float(v) for v in model.evaluate(x, y, verbose=0)]


@program(same=True)
def three_classes(keras):
    x, y = classes()
    model = keras.Sequential(name="three")
    model.add(keras.Input(shape=(4,)))
    model.add(keras.layers.Dense(8, activation="relu"))
    model.add(keras.layers.Dense(3, activation="softmax"))
    fixed(model)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=3, validation_split=0.25, **QUIET)
    return losses(history) + [float(v) for v in history.history["val_loss"]]


@program(same=True)
def logits_and_one_hot(keras):
    x, y = classes()
    y = keras.utils.to_categorical(y, num_classes=3)
    model = fixed(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))
    model.compile(
        keras.optimizers.Adam(1e-2),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=[keras.metrics.CategoricalAccuracy()],
    )
    return losses(model.fit(x, y, epochs=3, **QUIET))


@program(same=True)
def functional_two_inputs(keras):
    x, y = table()
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    h = keras.layers.concatenate([keras.layers.Dense(3, activation="tanh")(a), b])
    model = fixed(keras.Model(inputs=[a, b], outputs=keras.layers.Dense(1)(h)))
    model.compile(keras.optimizers.RMSprop(1e-2), keras.losses.Huber())
    return losses(model.fit([x[:, :2], x[:, 2:]], y, epochs=2, **QUIET))


@program(same=True)
def functional_two_outputs(keras):
    x, y = table()
    i = keras.Input((4,))
    h = keras.layers.Dense(4, activation="elu")(i)
    model = fixed(keras.Model(i, {"price": keras.layers.Dense(1, name="price")(h),
                                  "sold": keras.layers.Dense(1, "sigmoid", name="sold")(h)}))  # fmt: skip
    model.compile("sgd", loss={"price": "mse", "sold": "binary_crossentropy"},
                  loss_weights={"price": 0.5, "sold": 2.0})  # fmt: skip
    y = {"price": y[:, None], "sold": (y > 0).astype("float32")[:, None]}
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def residual_block(keras):
    x, y = table(columns=6)
    i = keras.Input((6,))
    h = keras.layers.Dense(6, activation="relu")(i)
    h = keras.layers.add([h, i])
    h = keras.layers.LayerNormalization()(h)
    model = fixed(keras.Model(i, keras.layers.Dense(1)(h)))
    model.compile("adam", "mae")
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def shared_layer(keras):
    x, y = table()
    a, b = keras.Input((2,)), keras.Input((2,))
    twin = keras.layers.Dense(3, activation="tanh")
    far = keras.layers.subtract([twin(a), twin(b)])
    model = fixed(keras.Model([a, b], keras.layers.Dense(1, activation="sigmoid")(far)))
    model.compile("adam", "binary_crossentropy")
    return losses(model.fit((x[:, :2], x[:, 2:]), (y > 0) * 1.0, epochs=2, **QUIET))


# --- guides: images, text, sequences --------------------------------------------------------------


@program(same=True)
def small_convnet(keras):
    x, y = images()
    model = fixed(keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(4, kernel_size=(3, 3), activation="relu", padding="same"),
        keras.layers.MaxPooling2D(pool_size=(2, 2)),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax"),
    ]))  # fmt: skip
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def separable_convnet(keras):
    x, y = images()
    i = keras.Input((8, 8, 1))
    h = keras.layers.SeparableConv2D(4, 3, strides=2, activation="relu")(i)
    h = keras.layers.BatchNormalization()(h)
    h = keras.layers.GlobalAveragePooling2D()(h)
    model = fixed(keras.Model(i, keras.layers.Dense(3)(h)), 0.2)
    model.layers[2].set_weights([np.ones(4), np.zeros(4), np.zeros(4), np.ones(4)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), loss)
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program()
def augmentation(keras):
    x, y = images()
    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Rescaling(2.0, offset=-1),
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(0.1),
        keras.layers.RandomZoom(0.1),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    return losses(model.fit(x, y, epochs=1, verbose=0))


@program(same=True)
def embedding_average(keras):
    x, y = words()
    model = fixed(keras.Sequential([
        keras.Input((6,), dtype="int32"),
        keras.layers.Embedding(11, 4),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]))  # fmt: skip
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def lstm_of_words(keras):
    x, y = words()
    model = fixed(keras.Sequential([
        keras.Input((None,)),
        keras.layers.Embedding(input_dim=11, output_dim=4, mask_zero=True),
        keras.layers.LSTM(3),
        keras.layers.Dense(1, activation="sigmoid"),
    ]))  # fmt: skip
    model.compile("adam", "binary_crossentropy")
    x[:, 4:] = 0
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def bidirectional_gru(keras):
    x, y = table(columns=6)
    model = fixed(keras.Sequential([
        keras.Input((6, 1)),
        keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True)),
        keras.layers.SimpleRNN(2),
        keras.layers.Dense(1),
    ]))  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01, clipnorm=1.0), "mse")
    return losses(model.fit(x[..., None], y, epochs=2, **QUIET))


@program(same=True)
def causal_convolution(keras):
    x, y = table(columns=6)
    model = fixed(keras.Sequential([
        keras.Input((6, 1)),
        keras.layers.Conv1D(3, 2, padding="causal", dilation_rate=2, activation="relu"),
        keras.layers.GlobalMaxPooling1D(),
        keras.layers.Dense(1),
    ]))  # fmt: skip
    model.compile(keras.optimizers.Adamax(0.01), "log_cosh")
    return losses(model.fit(x[..., None], y, epochs=2, **QUIET))


@program()
def transformer_block(keras):
    x, y = words()
    i = keras.Input((6,))
    h = keras.layers.Embedding(11, 8)(i)
    a = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)(h, h)
    h = keras.layers.LayerNormalization(epsilon=1e-6)(h + a)
    f = keras.layers.Dense(8)(keras.layers.Dense(16, activation="gelu")(h))
    h = keras.layers.LayerNormalization(epsilon=1e-6)(h + f)
    out = keras.layers.Dense(1, activation="sigmoid")(keras.layers.GlobalAveragePooling1D()(h))
    model = keras.Model(i, out)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return losses(model.fit(x, y, epochs=1, verbose=0))


@program()
def text_vectorization(keras):
    texts = np.array(["good film", "bad film", "good", "bad bad"])
    layer = keras.layers.TextVectorization(max_tokens=10, output_mode="int",
                                           output_sequence_length=3)  # fmt: skip
    layer.adapt(texts)
    return np.asarray(layer(texts)).ravel().tolist()


@program()
def windows_of_a_series(keras):
    series = np.sin(np.arange(40) / 3).astype("float32")
    batches = keras.utils.timeseries_dataset_from_array(
        series[:-1], series[5:], sequence_length=5, batch_size=8
    )
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return losses(model.fit(batches, epochs=2, verbose=0))


# --- guides: training, callbacks, saving ----------------------------------------------------------


def regression(keras, optimizer="sgd", **more):
    model = fixed(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"),
                                    keras.layers.Dense(1)]))  # fmt: skip
    model.compile(optimizer=optimizer, loss="mse", **more)
    return model


@program(same=True)
def early_stopping(keras):
    x, y = table()
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True)
    model = regression(keras, keras.optimizers.SGD(0.9))
    history = model.fit(x, y, epochs=6, validation_data=(x, y), callbacks=[stop], **QUIET)
    return [*losses(history), float(model.evaluate(x, y, verbose=0))]


@program(same=True)
def schedules_and_clipping(keras):
    x, y = table()
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=8, warmup_target=0.05, warmup_steps=4
    )
    optimizer = keras.optimizers.AdamW(learning_rate=rate, weight_decay=0.01, global_clipnorm=1.0)
    return losses(regression(keras, optimizer).fit(x, y, epochs=3, **QUIET))


@program(same=True)
def plateau_and_scheduler(keras):
    x, y = table()
    watch = [
        keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=10.0),
        keras.callbacks.TerminateOnNaN(),
    ]
    return losses(regression(keras).fit(x, y, epochs=4, callbacks=watch, **QUIET))


@program(same=True)
def averaged_weights(keras):
    x, y = table()
    model = regression(keras, keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9))
    history = model.fit(x, y, epochs=2, **QUIET)
    return [*losses(history), float(model.evaluate(x, y, verbose=0))]


@program(same=True)
def gathered_gradients(keras):
    x, y = table()
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5, gradient_accumulation_steps=2)
    return losses(regression(keras, optimizer).fit(x, y, epochs=2, **QUIET))


@program()
def csv_log(keras):
    x, y = table()
    path = os.path.join(tempfile.mkdtemp(), "log.csv")
    regression(keras).fit(x, y, epochs=2, callbacks=[keras.callbacks.CSVLogger(path)], **QUIET)
    with open(path) as file:
        lines = file.read().splitlines()
    return [len(lines), lines[0].split(",").index("loss")]


@program()
def checkpoints(keras):
    x, y = table()
    path = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
    save = keras.callbacks.ModelCheckpoint(path, save_weights_only=True, monitor="loss",
                                           save_best_only=True)  # fmt: skip
    model = regression(keras)
    model.fit(x, y, epochs=2, callbacks=[save], **QUIET)
    return [len(os.listdir(os.path.dirname(path)))]


@program()
def save_and_load(keras):
    x, y = table()
    model = regression(keras)
    model.fit(x, y, epochs=1, **QUIET)
    path = os.path.join(tempfile.mkdtemp(), "model.keras")
    path = model.save(path) or path  # chainrule says what it wrote
    again = keras.models.load_model(path)
    return [float(abs(model.predict(x, verbose=0) - again.predict(x, verbose=0)).max())]


@program()
def clone_and_json(keras):
    model = regression(keras)
    clone = keras.models.clone_model(model)
    again = keras.models.model_from_json(model.to_json())
    return [clone.count_params(), again.count_params(), len(again.layers)]


@program()
def lambda_callback(keras):
    x, y = table()
    seen = []
    tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    regression(keras).fit(x, y, epochs=3, callbacks=[tell], **QUIET)
    return seen


@program(same=True)
def class_and_sample_weights(keras):
    x, y = classes()
    model = fixed(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")]))
    model.compile("adam", "sparse_categorical_crossentropy")
    weights = {0: 1.0, 1: 2.0, 2: 4.0}
    history = model.fit(x, y, epochs=1, class_weight=weights, **QUIET)
    more = model.fit(x, y, epochs=1, sample_weight=np.linspace(0, 1, 48), **QUIET)
    return losses(history) + losses(more)


@program(same=True)
def frozen_base(keras):
    x, y = table()
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
    base.trainable = False
    model = fixed(keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(1)]))
    model.compile("adam", "mse")
    history = model.fit(x, y, epochs=2, **QUIET)
    return [*losses(history), len(model.trainable_weights), len(model.non_trainable_weights)]


@program()
def batches_of_one_s_own(keras):
    x, y = table()

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return x[i * 8 : i * 8 + 8], y[i * 8 : i * 8 + 8]

    return losses(regression(keras).fit(Batches(), epochs=2, shuffle=False, verbose=0))


@program(same=True)
def generator_of_batches(keras):
    x, y = table()

    def batches():
        while True:
            for i in range(4):
                yield x[i * 8 : i * 8 + 8], y[i * 8 : i * 8 + 8]

    history = regression(keras).fit(batches(), steps_per_epoch=4, epochs=2, verbose=0)
    return losses(history)


# --- guides: writing parts of one's own -----------------------------------------------------------


@program(same=True)
def layer_of_one_s_own(keras):
    class Linear(keras.layers.Layer):
        def __init__(self, units=32, **kwargs):
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape):
            self.w = self.add_weight(
                shape=(input_shape[-1], self.units), initializer="glorot_uniform", trainable=True,
                name="w",
            )  # fmt: skip
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

        def call(self, inputs):
            return keras.ops.matmul(inputs, self.w) + self.b

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    x, y = table()
    model = keras.Sequential([keras.Input((4,)), Linear(3), keras.layers.ReLU(), Linear(1)])
    fixed(model)
    model.compile("adam", "mse")
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def model_of_one_s_own(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = keras.layers.Dense(3, activation="relu")
            self.out = keras.layers.Dense(1)

        def call(self, inputs, training=False):
            return self.out(self.hidden(inputs))

    x, y = table()
    model = Net()
    model(x[:1])
    fixed(model)
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program(same=True)
def loss_and_metric_of_one_s_own(keras):
    def pinball(y_true, y_pred):
        error = keras.ops.squeeze(y_true - y_pred, -1)
        return keras.ops.maximum(0.8 * error, -0.2 * error)

    x, y = table()
    model = regression(keras)
    model.compile("sgd", loss=pinball, metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])
    history = model.fit(x, y[:, None], epochs=2, **QUIET)
    return losses(history) + [float(v) for v in history.history["rmse"]]


@program(same=True)
def regularized(keras):
    x, y = table()
    model = fixed(keras.Sequential([
        keras.Input((4,)),
        keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.01), use_bias=False),
        keras.layers.Dense(1, kernel_regularizer="l1",
                           kernel_initializer=keras.initializers.HeNormal(seed=1)),
    ]))  # fmt: skip
    model.compile("sgd", "mse")
    return losses(model.fit(x, y, epochs=2, **QUIET))


@program()
def autoencoder(keras):
    x, _ = table()
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="relu")])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    model = keras.Sequential([keras.Input((4,)), encoder, decoder])
    model.compile(keras.optimizers.Nadam(0.01), "mse")
    model.fit(x, x, epochs=2, verbose=0)
    return list(encoder.predict(x, verbose=0).shape)


@program(same=True)
def batch_by_batch(keras):
    """As readers of PyTorch's tutorials write their loop."""
    x, y = table()
    model = regression(keras)
    found = []
    for _ in range(2):
        for i in range(0, 32, 8):
            found += [float(np.ravel(model.train_on_batch(x[i : i + 8], y[i : i + 8]))[0])]
    return [found[0], float(np.ravel(model.test_on_batch(x, y))[0]),
            float(model.predict_on_batch(x[:1])[0, 0])]  # fmt: skip


@program()
def keras_tensor_arithmetic(keras):
    i = keras.Input((4,))
    h = keras.layers.Dense(4)(i)
    h = keras.ops.relu(h) * 2.0 + keras.ops.mean(i, axis=-1, keepdims=True)
    model = keras.Model(i, keras.layers.Reshape((2, 2))(h))
    model.summary(print_fn=lambda *a, **k: None)
    return [*list(model.output_shape[1:]), model.count_params()]


@program()
def noise_and_lambda(keras):
    x, y = table()
    model = keras.Sequential([
        keras.Input((4,)),
        keras.layers.Lambda(lambda v: v / 2.0),
        keras.layers.GaussianNoise(0.1),
        keras.layers.Dense(3, activation=keras.activations.selu),
        keras.layers.AlphaDropout(0.2),
        keras.layers.ActivityRegularization(l2=0.01),
        keras.layers.Dense(1),
    ])  # fmt: skip
    model.compile(keras.optimizers.Lion(1e-3), "mse")
    return losses(model.fit(x, y, epochs=1, verbose=0))


@program()
def random_and_backend(keras):
    keras.utils.set_random_seed(3)
    keras.backend.clear_session()
    a = keras.random.normal((3, 2), seed=1)
    b = keras.random.uniform((3, 2), minval=-1, maxval=1, seed=keras.random.SeedGenerator(2))
    return [*np.asarray(keras.ops.concatenate([a, b], axis=-1)).shape, keras.backend.floatx()]
