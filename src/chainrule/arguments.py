"""Arguments that people bring along from Keras 3, PyTorch and scikit-learn; loaded when one is met.

`ARGUMENTS` are those of their classes and functions that ours have not: the name that they have
here (`a|b`, the first that the function has), what to do instead, or nothing for what is not in
chainrule yet.

`OWNERS` says of arguments of ours where they belong, for those that were given elsewhere.
"""

from __future__ import annotations

__all__ = ["ARGUMENTS", "OWNERS"]

_LATER = """
    attention_axes auto_scale_loss flash_attention lora_alpha lora_rank quantization_config renorm
    sliding_window
"""

_NO_TREES = "leave it out: there are no trees here"
_SIZES = "leave it out: it is found from the data"
_COMPILE = 'model.compile has it: model.compile("adam", "mse", metrics=["mae"])'
_FIT = "model.fit has it: model.fit(x, y, batch_size=32, epochs=10, validation_split=0.2)"
_STOP = "model.fit(x, y, callbacks=[cr.callbacks.EarlyStopping(patience=...)])"

OWNERS: dict[str, str] = {
    **dict.fromkeys(("loss", "loss_weights", "metrics", "optimizer"), _COMPILE),
    **dict.fromkeys(("batch_size", "epochs", "validation_data", "validation_split"), _FIT),
    **dict.fromkeys(("class_weight", "sample_weight"), "model.fit has it: model.fit(x, y, ...)"),
    "activation": 'a layer has it: cr.layers.Dense(units, "relu")',
    "axis": "leave it out: it goes over the last axis",
    "callbacks": "model.fit has it: model.fit(x, y, callbacks=[...])",
    "folds": "cr.train has it: cr.train(table, folds=5)",
    "hidden": 'one layer each: cr.Sequential([cr.layers.Dense(100, "relu"), cr.layers.Dense(1)])',
    "learning_rate": "the optimizer has it: "
    "model.compile(cr.optimizers.Adam(learning_rate=0.001), loss=...)",
    "patience": _STOP,
    "seed": "cr.utils.set_random_seed(0), once at the start",
    "target": "cr.train has it: cr.train(table, target=...)",
}

ARGUMENTS: dict[str, str] = {
    **dict.fromkeys(_LATER.split(), ""),
    **dict.fromkeys(
        ("n_jobs", "workers", "use_multiprocessing", "max_queue_size", "num_workers"),
        "leave it out: all cores are used",
    ),
    **dict.fromkeys(
        ("n_epochs", "nb_epoch", "num_epochs", "epoch", "max_iter", "n_iter", "max_epochs"),
        "epochs",
    ),
    **dict.fromkeys(("eval_set", "val_data", "validation"), "validation_data"),
    **dict.fromkeys(("val_split", "validation_fraction", "test_size"), "validation_split"),
    **dict.fromkeys(("tol", "n_iter_no_change", "early_stopping_rounds"), _STOP),
    **dict.fromkeys(
        ("max_depth", "max_features", "max_leaf_nodes", "min_samples_leaf", "min_samples_split"),
        _NO_TREES,
    ),
    **dict.fromkeys(("in_channels", "num_features", "normalized_shape"), _SIZES),
    **dict.fromkeys(("hidden_layer_sizes", "hidden_layers", "layer_sizes"), "hidden"),
    **dict.fromkeys(("hidden_size", "out_features", "n_units"), "units"),
    **dict.fromkeys(("size_average", "reduce"), "reduction"),
    **dict.fromkeys(("lr", "learning_rate_init", "eta0"), "learning_rate"),
    **dict.fromkeys(("sep", "delim"), "delimiter|separator"),
    "C": "kernel_regularizer=cr.regularizers.L2(...), of a layer",
    "X": "x",
    "aggregation": "leave it out: there is one device",
    "alpha": "negative_slope",
    "autocast": "leave it out: floats are cast to the layer's dtype",
    "batch_first": "leave it out: the batch comes first",
    "batch_input_shape": "start with Input(shape, batch_size=...)",
    "batch_size": "start with Input(shape, batch_size=...)",
    "betas": "beta_1=0.9, beta_2=0.999",
    "bias": "use_bias",
    "bidirectional": "cr.layers.Bidirectional(cr.layers.LSTM(...))",
    "criterion": "loss",
    "cv": "folds",
    "decay": "learning_rate=cr.optimizers.schedules.InverseTimeDecay(...)",
    "device": 'leave it out: engine="xla" computes where JAX does',
    "dilation": "dilation_rate",
    "dim": "axis",
    "early_stopping": "callbacks=[cr.callbacks.EarlyStopping()]",
    "embedding_dim": "output_dim",
    "eps": "epsilon",
    "fit_intercept": "use_bias",
    "ignore_index": "ignore_class",
    "implementation": "leave it out: there is one implementation",
    "in_features": "input_dim",
    "inplace": "leave it out: a new array is returned",
    "input_length": "leave it out: the length is that of the data",
    "input_size": "input_dim",
    "jit_compile": 'engine="xla" compiles, engine="numpy" does not',
    "keepdim": "keepdims",
    "loss_scale_factor": "leave it out, and train in float32 or bfloat16, where nothing vanishes",
    "n_estimators": "leave it out: there are no trees here, and no number of them",
    "n_samples": "n",
    "na_values": "missing",
    "nonlinearity": "activation",
    "num_embeddings": "input_dim",
    "num_layers": "one layer each: cr.Sequential([...]) of as many",
    "out_channels": "filters",
    "p": "rate",
    "params": "leave it out: model.compile gives the optimizer the model's variables",
    "parse_dates": "date",
    "penalty": "kernel_regularizer=cr.regularizers.L2(...), of a layer",
    "random_state": "seed",
    "requires_grad": "trainable",
    "solver": "optimizer",
    "std": "stddev",
    "steps_per_execution": "leave it out: XLA runs many batches in one program by itself",
    "stride": "strides",
    "time_major": "np.swapaxes(x, 0, 1): the batch comes first",
    "warm_start": "leave it out: fit goes on from the weights that are there",
    "weights": "layer.set_weights([...]) once it is built, or an initializer",
    "y": "target",
}
