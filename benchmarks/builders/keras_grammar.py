"""A workload's network in Keras's grammar, which chainrule has too: `api` is either package."""

from __future__ import annotations


def model_of(api, workload):
    """A `Sequential`, or a graph of layers where there are blocks of attention."""
    inputs = api.layers.Input(workload.shape, dtype="int32" if workload.vocabulary else "float32")
    if not any(kind == "block" for kind, *_ in workload.layers):
        parts = [part for layer in workload.layers for part in parts_of(api, workload, *layer)]
        return api.Sequential([inputs, *parts])
    x = inputs
    for kind, *settings in workload.layers:
        if kind == "block":
            x = block(api, x, *settings)
            continue
        for part in parts_of(api, workload, kind, *settings):
            x = part(x)
    return api.Model(inputs, x)


def parts_of(api, workload, kind, *settings):
    """The layers of one entry."""
    layers = api.layers
    if kind == "conv":
        filters, width, padding, activation = settings
        return [layers.Conv2D(filters, width, padding=padding, activation=activation)]
    if kind == "conv_norm":
        conv = layers.Conv2D(*settings, padding="same", use_bias=False)
        return [conv, layers.BatchNormalization(), layers.Activation("relu")]
    if kind == "pool":
        how, width = settings
        return [(layers.MaxPooling2D if how == "max" else layers.AveragePooling2D)(width)]
    if kind == "average":
        images = len(workload.shape) == 3
        return [(layers.GlobalAveragePooling2D if images else layers.GlobalAveragePooling1D)()]
    if kind == "positions":
        return [positions(api)]
    names = {"lstm": "LSTM", "gru": "GRU"}
    return [getattr(layers, names.get(kind, kind.capitalize()))(*settings)]


def block(api, x, heads, width):
    """Causal attention and two dense layers, each with its input normalized and added."""
    layers, d = api.layers, x.shape[-1]
    normal = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(heads, d // heads)(normal, normal, use_causal_mask=True)
    normal = layers.LayerNormalization()(x)
    return x + layers.Dense(d)(layers.Dense(width, activation="gelu")(normal))


def positions(api):
    """A learned row for each place."""

    class Positions(api.layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight(
                name="table", shape=tuple(input_shape[-2:]), initializer="glorot_uniform"
            )

        def call(self, x):
            return x + self.table

        def compute_output_shape(self, input_shape):
            return tuple(input_shape)

    return Positions()


def compile_model(api, model, workload, **settings):
    """Optimizer and loss; everybody keeps the mean loss and nothing else."""
    optimizer = api.optimizers.Adam if workload.optimizer == "adam" else api.optimizers.SGD
    loss = ("" if workload.one_hot else "sparse_") + "categorical_crossentropy"
    model.compile(
        optimizer=optimizer(learning_rate=workload.learning_rate),
        loss="binary_crossentropy" if workload.classes == 1 else loss,
        **settings,
    )


def labels_of(api, workload, y):
    """Labels in the form that the loss takes."""
    if workload.classes == 1:
        return y.astype("float32")[:, None]
    return api.utils.to_categorical(y, workload.classes) if workload.one_hot else y
