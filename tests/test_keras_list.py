"""Keras's public names are here, or excused in writing: nobody who knows Keras meets a missing one.

`EXCUSED` says why a name has no place here, `NOT_YET` what is still to come, by topic: a name that
lands is removed from there, and the tests say so. Both may only get shorter.
"""

from __future__ import annotations

import types

import pytest

import chainrule as cr
from keras_names import NAMES

# module -> the reason -> its names
EXCUSED: dict[str, dict[str, str]] = {
    "": {
        "types of numbers are set with `cr.config.set_floatx` and `compile`, or by layer with dtype=": """
            DTypePolicy FloatDTypePolicy dtype_policies mixed_precision
        """,
        "Keras's way to run one model on several backends; here `call` runs on recorded values": """
            KerasTensor Operation StatelessScope SymbolicScope Function
        """,
        "no quantized weights: small and medium models do not need them": "Quantizer quantizers",
        "memory is the tape's: nothing is computed twice to save it": "RematScope remat",
        "one process and one device: `compile(device=...)`": "device distribution",
        "a description of inputs that only Keras's own layers read": "InputSpec",
        "names of layers and weights come from where they stand in the model": "name_scope",
        "other formats for serving; `model.save` writes ours": "export legacy",
        "`cr.__version__` is the number": "version",
        "lists and dicts of arrays are walked by the library itself": "tree",
        "a recipe of two models, not a part": "distillation",
        "Keras's old names of what is in `utils` and `layers`": "preprocessing wrappers",
        "pictures of bounding boxes and masks: detection has no room here": "visualization",
    },
    "config": {
        "`verbose=0` says it where it counts": """
            disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled
        """,
        "one library, one backend; the engine is `cr.config.set_engine`": "backend set_backend is_nnx_enabled",
        "attention has one implementation on each engine": """
            disable_flash_attention enable_flash_attention is_flash_attention_enabled
        """,
        "errors have no frames of ours to filter": """
            disable_traceback_filtering enable_traceback_filtering is_traceback_filtering_enabled
        """,
        "files never run code, so there is nothing to allow": "enable_unsafe_deserialization",
        "types of numbers are set with `set_floatx` and `compile`": "dtype_policy set_dtype_policy",
        "channels come last, always": "image_data_format set_image_data_format",
        "`fit(epochs=..., steps_per_epoch=...)` says it where it counts": """
            max_epochs max_steps_per_epoch set_max_epochs set_max_steps_per_epoch
        """,
    },
    "datasets": {
        "has a variable that judges people by the colour of their skin": "boston_housing",
        "is downloaded from a host of Keras's; read the file with `cr.train` or NumPy": """
            california_housing cifar10 cifar100 fashion_mnist imdb reuters
        """,
    },
    "initializers": {
        "there is no short-time Fourier transform here": "STFT STFTInitializer stft",
    },
    "layers": {
        "a layer of another library brings derivatives that are not ours": """
            FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper
        """,
        "there is no short-time Fourier transform here": "MelSpectrogram STFTSpectrogram",
        "needs images as a sequence, beyond small models; Conv2D under TimeDistributed, then LSTM": """
            ConvLSTM1D ConvLSTM2D ConvLSTM3D
        """,
        "a description of inputs that only Keras's own layers read": "InputSpec",
        "a base class without a layer of its own; subclass `Layer`": "Wrapper",
        "a Sequential of layers is one": "Pipeline",
        "bounding boxes are detection, which has no room here": "MaxNumBoundingBoxes",
    },
    "ops": {
        "complex numbers and Fourier transforms have no derivative rules here": """
            angle conj conjugate imag real isreal polar fft fft2 ifft2 rfft irfft stft istft
            view_as_complex view_as_real extract_sequences eig
        """,
        "JAX's way of building programs; here loops are `cr.ops.scan` and Python's own": """
            associative_scan cond fori_loop map switch vectorized_map vectorize while_loop
        """,
        "derivatives are chainrule's own subject: `cr.op`, `cr.jvp`": "custom_gradient jvp",
    },
    "ops.linalg": {
        "derivatives are chainrule's own subject: `cr.jvp`": "jvp",
        "eigenvalues of a matrix that is not symmetric are complex": "eig",
    },
    "utils": {
        "needs a host to download from; give the file itself": "get_file",
        "graphviz's own object; `plot_model` and `cr.plots.network` draw": "model_to_dot",
        "no reader of sound is here": "audio_dataset_from_directory",
        "a base class without use": "Config",
        "a graph's inputs are `model.inputs`": "get_source_inputs",
        "`fit(verbose=1)` shows the progress": "Progbar",
        "`verbose=0` says it where it counts": """
            disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled
        """,
        "Pillow and NumPy do it: `np.asarray(Image.open(path))`": """
            array_to_img img_to_array load_img save_img
        """,
    },
    "preprocessing": {
        "Keras's old place of what is in `utils`": """
            image_dataset_from_directory text_dataset_from_directory timeseries_dataset_from_array
        """,
    },
    "preprocessing.image": {
        "Pillow and NumPy do it; `cr.layers.Resizing` resizes": """
            array_to_img img_to_array load_img save_img smart_resize
        """,
    },
    "preprocessing.sequence": {"Keras's old place of what is in `utils`": "pad_sequences"},
    "random": {
        "a count drawn in a loop whose length is random; NumPy's generators have it": """
            binomial
        """,
    },
    "callbacks": {
        "`fit(verbose=1)` shows the progress; a callback would show it twice": "ProgbarLogger",
        "nothing is sent to other computers; `LambdaCallback` can do it": "RemoteMonitor",
        "`BackupAndRestore` and `ModelCheckpoint` write checkpoints; Orbax is for many machines": """
            OrbaxCheckpoint
        """,
    },
    "optimizers": {
        "Keras's machinery for two optimizers in one; a `train_step` of your own has two": """
            OptimizerMap MultiOptimizer
        """,
        "for gradients too small for float16; float32 and bfloat16 need no scale": """
            LossScaleOptimizer
        """,
    },
    "saving": {"a tool for the files of Keras": "KerasFileEditor"},
    "tree": {
        "nested structures are `cr.tree`'s own walk; Keras keeps these for writers of layers": """
            MAP_TO_NONE assert_same_paths assert_same_structure flatten flatten_with_path is_nested
            lists_to_tuples map_shape_structure map_structure map_structure_up_to pack_sequence_as
            traverse
        """,
    },
}

# topic -> module -> names
NOT_YET: dict[str, dict[str, str]] = {}


def public(module: types.ModuleType) -> set[str]:
    """What a module offers: its `__all__`."""
    return set(vars(module).get("__all__") or dir(module))


def ours(place: str) -> types.ModuleType | None:
    """Our module that Keras calls so, as a user reaches it from `cr`."""
    module = cr
    for part in place.split(".") if place else ():
        if part not in public(module):
            return None
        module = getattr(module, part)
    return module


def here(place: str) -> set[str]:
    module = ours(place)
    return public(module) if module else set()


def excused(place: str) -> set[str]:
    return {n for names in EXCUSED.get(place, {}).values() for n in names.split()}


def not_yet(place: str) -> set[str]:
    return {n for names in NOT_YET.values() for n in names.get(place, "").split()}


@pytest.mark.parametrize("place", NAMES)
def test_no_name_is_missing(place):
    missing = set(NAMES[place].split()) - here(place) - excused(place) - not_yet(place)
    assert not missing, f"keras.{place}: {' '.join(sorted(missing))}"


@pytest.mark.parametrize("place", NAMES)
def test_what_is_here_is_neither_excused_nor_to_come(place):
    landed = here(place) & (excused(place) | not_yet(place))
    assert not landed, f"take from the lists: {place}: {' '.join(sorted(landed))}"


@pytest.mark.parametrize("place", NAMES)
def test_names_are_there_when_asked_for(place):
    """Not only in `__all__`."""
    for name in here(place) & set(NAMES[place].split()):
        assert hasattr(ours(place), name), name


def test_every_list_names_what_keras_has():
    for lists in (EXCUSED, *NOT_YET.values()):
        assert set(lists) <= set(NAMES)
    for place, names in NAMES.items():
        unknown = (excused(place) | not_yet(place)) - set(names.split())
        assert not unknown, f"keras.{place}: {unknown}"
        assert not excused(place) & not_yet(place)
