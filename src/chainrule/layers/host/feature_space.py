"""FeatureSpace: named columns of any kind become one row of numbers, each by a layer of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import ArgumentError, DataError, StateError, choose, did_you_mean
from ...registry import need_config
from ...vocabulary import loaded
from ..base import Layer, register, registry
from ..core import Rescaling
from ..input import Input
from ..preparing import Preparing
from ..preprocessing import CategoryEncoding, Normalization
from .discretization import Discretization
from .encoding import encoded
from .hashing import HashedCrossing, Hashing
from .lookup import IndexLookup, IntegerLookup, StringLookup

__all__ = ["Cross", "Feature", "FeatureSpace"]

_OUTPUTS = ("int", "one_hot", "float")
_KINDS = (
    "float",
    "float_rescaled",
    "float_normalized",
    "float_discretized",
    "integer_categorical",
    "string_categorical",
    "integer_hashed",
    "string_hashed",
)


class Feature:
    """One column: the type it comes in, the layer that prepares it, and how that comes out."""

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str) -> None:
        if output_mode not in _OUTPUTS:
            raise choose("output_mode", output_mode, _OUTPUTS, where="FeatureSpace.feature")
        if preprocessor is not None and not isinstance(preprocessor, Layer):
            raise ArgumentError(
                "the preprocessor of a feature is a layer",
                where="FeatureSpace.feature",
                received=repr(preprocessor)[:100],
            )
        self.dtype, self.preprocessor, self.output_mode = dtype, preprocessor, output_mode

    def get_config(self) -> dict[str, Any]:
        """As plain values."""
        layer = None if self.preprocessor is None else registry.serialize(self.preprocessor)
        return {"dtype": self.dtype, "preprocessor": layer, "output_mode": self.output_mode}

    @classmethod
    def from_config(cls, config: Any) -> Feature:
        """The same feature."""
        config = need_config(config, "Feature")
        if set(config) != {"dtype", "preprocessor", "output_mode"}:
            raise ArgumentError("this is no feature", received=sorted(config))
        return cls(config["dtype"], registry.get(config["preprocessor"]), config["output_mode"])


class Cross:
    """Features that are looked at side by side."""

    def __init__(
        self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> None:
        if output_mode not in ("int", "one_hot"):
            raise choose("output_mode", output_mode, ("int", "one_hot"), where="FeatureSpace.cross")
        self.feature_names, self.crossing_dim = tuple(feature_names), crossing_dim
        self.output_mode = output_mode

    @property
    def name(self) -> str:
        """Of the crossing: `age_X_job`."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "feature_names": list(self.feature_names),
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }


@register
class FeatureSpace(Preparing):
    """A dict of raw columns → one array (rows, all features), or a dict of arrays.

    Each column has a feature: a name of a kind (`"float"`, `"float_rescaled"`,
    `"float_normalized"`, `"float_discretized"`, `"integer_categorical"`, `"string_categorical"`,
    `"integer_hashed"`, `"string_hashed"`), or what the methods of these names return. Features are
    joined in the order of their names, crossings behind them.

    Call it on data (a dict of columns, or of single values), or let it be the first layer of a
    Sequential, which then takes such dicts. `TableEncoder` does the same for a table whose roles
    were found by themselves.

    Args:
        features: by column.
        output_mode: `"concat"`, or `"dict"`: each feature by name, in the types they have.
        crosses: lists of names of features with whole numbers, or `FeatureSpace.cross(...)`.
        crossing_dim: bins of a crossing that is given as a list of names.
        hashing_dim: bins of features given as `"integer_hashed"` or `"string_hashed"`.
        num_discretization_bins: of features given as `"float_discretized"`.
        kwargs: as for every `Layer`.

    Raises:
        ArgumentError: an unknown kind; a crossing of what is no feature.
        DataError: a column is missing; a feature that cannot be joined.
        StateError: `adapt` was not called, or the space stands in a graph.

    Example:
        >>> import chainrule as cr
        >>> space = cr.utils.FeatureSpace(
        ...     {"age": "float_normalized", "job": "string_categorical"},
        ... )
        >>> space.adapt({"age": [20.0, 40.0], "job": ["cook", "smith"]})
        >>> space({"age": [30.0, 40.0], "job": ["smith", "pilot"]})
        array([[0., 0., 1., 0.],
               [1., 1., 0., 0.]], dtype=float32)

    In Keras, `get_inputs` gives symbols of raw columns; here strings do not enter a graph, and
    `Sequential([space, network])` is the model that takes raw columns.
    """

    takes = "raw columns"
    first = "raw columns become numbers before everything else"

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Any = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if output_mode not in ("concat", "dict"):
            raise choose("output_mode", output_mode, ("concat", "dict"), where=self.where)
        if not isinstance(features, Mapping) or not features:
            raise ArgumentError("features must be a dict by column", where=self.where)
        self.output_mode, self.crossing_dim = output_mode, crossing_dim
        self.hashing_dim, self.num_discretization_bins = hashing_dim, num_discretization_bins
        made = {str(name): self._feature(str(name), f) for name, f in features.items()}
        self.__dict__["_features"] = dict(sorted(made.items()))
        self.__dict__["_crosses"] = sorted(map(self._cross, crosses or ()), key=lambda c: c.name)
        # layers with Variables are found, saved and read where they are attributes
        self._preprocessors = [f.preprocessor for f in made.values() if f.preprocessor is not None]
        for layer in self._preprocessors:
            if isinstance(layer, Normalization):
                layer.build((None, 1))

    # --- features -------------------------------------------------------------------------------

    def _feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, Feature):
            return given
        if isinstance(given, Mapping):
            return Feature.from_config(given)
        if given not in _KINDS:
            raise choose(f"feature {name!r}", given, _KINDS, where=self.where)
        bins: dict[str, Any] = {
            "float_discretized": {"num_bins": self.num_discretization_bins},
            "integer_hashed": {"num_bins": self.hashing_dim},
            "string_hashed": {"num_bins": self.hashing_dim},
        }
        return getattr(type(self), given)(**bins.get(given, {}))

    def _cross(self, given: Any) -> Cross:
        if isinstance(given, Mapping):
            given = Cross(**need_config(dict(given), "Cross"))
        cross = given if isinstance(given, Cross) else Cross(given, self.crossing_dim)
        features = self.__dict__["_features"]
        for name in cross.feature_names:
            if name not in features or features[name].output_mode == "float":
                raise ArgumentError(
                    f"the feature {name!r} cannot be crossed",
                    where=self.where,
                    expected="features that come as whole numbers: "
                    + ", ".join(n for n, f in features.items() if f.output_mode != "float"),
                    fix=did_you_mean(name, features) if name not in features else None,
                )
        return cross

    @classmethod
    def cross(
        cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"
    ) -> Cross:
        """Features side by side, hashed into `crossing_dim` bins."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A feature with a layer of one's own."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """A number as it is."""
        return Feature("float32", None, "float")

    @classmethod
    def float_rescaled(
        cls, scale: float = 1.0, offset: float = 0.0, name: str | None = None
    ) -> Feature:
        """A number times `scale` plus `offset`."""
        return Feature("float32", Rescaling(scale, offset, name=name), "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """A number by its mean and variance in the data of `adapt`."""
        return Feature("float32", Normalization(axis=-1, name=name), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None = None,
        bin_boundaries: Any = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The bin of a number."""
        return Feature("float32", Discretization(bin_boundaries, num_bins, name=name), output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """A whole number by its place in the vocabulary."""
        return Feature("int32", IntegerLookup(max_tokens, num_oov_indices, name=name), output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """A text by its place in the vocabulary."""
        return Feature("string", StringLookup(max_tokens, num_oov_indices, name=name), output_mode)

    @classmethod
    def string_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """A text by its hash."""
        return Feature("string", Hashing(num_bins, name=name), output_mode)

    @classmethod
    def integer_hashed(
        cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """A whole number by its hash."""
        return Feature("int32", Hashing(num_bins, name=name), output_mode)

    @property
    def features(self) -> dict[str, Feature]:
        """By name, in the order in which they are joined."""
        return dict(self.__dict__["_features"])

    @property
    def crosses(self) -> list[Cross]:
        """The crossings, in the order in which they are joined."""
        return list(self.__dict__["_crosses"])

    @property
    def preprocessors(self) -> dict[str, Any]:
        """The layer of each feature; None for a number as it is."""
        return {name: f.preprocessor for name, f in self.features.items()}

    def get_config(self) -> dict[str, Any]:
        """The arguments, with what `adapt` found in those of the layers."""
        config = {
            "name": self.name,
            "dtype": self.dtype,
            "features": {name: f.get_config() for name, f in self.features.items()},
            "crosses": [c.get_config() for c in self.crosses],
        }
        for name in ("output_mode", "crossing_dim", "hashing_dim", "num_discretization_bins"):
            config[name] = getattr(self, name)
        return config

    # --- data -----------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Let each layer learn from its column.

        Args:
            dataset: a dict of columns, or an iterable of such dicts.

        Raises:
            DataError: a column is missing, or nothing can be learned from it.
        """
        parts = [dataset] if isinstance(dataset, Mapping) else dataset
        if not isinstance(parts, Iterable):
            raise self._no_columns(dataset)
        parts = [self._columns(part) for part in parts]
        for name, feature in self.features.items():
            layer: Any = feature.preprocessor
            given = isinstance(layer, Normalization) and layer.mean is not None
            bins = isinstance(layer, Discretization) and layer.num_bins is None
            if hasattr(layer, "adapt") and not given and not bins:
                layer.adapt([part[name] for part in parts])
        self.__dict__["_adapted"] = True
        self.changed()

    def _columns(self, data: Any) -> dict[str, np.ndarray]:
        """The columns of the features, each (rows, 1)."""
        if not isinstance(data, Mapping):
            raise self._no_columns(data)
        found: dict[str, np.ndarray] = {}
        for name, feature in self.features.items():
            if name not in data:
                raise DataError(
                    f"the column {name!r} is missing",
                    where=self.where,
                    received=", ".join(map(repr, data)),
                    fix=did_you_mean(name, map(str, data)),
                )
            kind = object if feature.dtype == "string" else None
            column = np.asarray(data[name], kind)
            found[name] = column.reshape(-1, 1) if column.ndim < 2 else column
        lengths = {name: len(column) for name, column in found.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(
                "the columns have different lengths",
                where=self.where,
                received=", ".join(f"{name}: {n}" for name, n in lengths.items()),
            )
        return found

    def _no_columns(self, received: Any) -> DataError:
        return DataError(
            "this is no dict of columns", where=self.where, received=type(received).__name__
        )

    def prepares(self, x: Any) -> bool:
        """A dict of raw columns; what is an array was prepared before."""
        return isinstance(x, Mapping)

    def prepare(self, x: Any) -> Any:
        """Rows of numbers for a dict of raw columns, or one row for single values."""
        columns = self._columns(x)
        single = all(np.ndim(v) == 0 for name, v in x.items() if name in columns)
        found = {}
        for name, feature in self.features.items():
            layer = feature.preprocessor
            y = columns[name].astype(np.float32) if layer is None else layer(columns[name])
            found[name] = y
        crossed = {}
        for cross in self.crosses:
            layer = HashedCrossing(cross.crossing_dim)
            crossed[cross.name] = layer([found[name] for name in cross.feature_names])
        modes = {name: f.output_mode for name, f in self.features.items()}
        modes |= {cross.name: cross.output_mode for cross in self.crosses}
        for name, y in (found | crossed).items():
            found[name] = self._one_hot(name, y) if modes[name] == "one_hot" else np.asarray(y)
        if self.output_mode == "dict":
            return {name: y[0] for name, y in found.items()} if single else found
        for name, y in found.items():
            if y.dtype.kind != "f":
                raise DataError(
                    f"the feature {name!r} comes as whole numbers, which cannot be joined",
                    where=self.where,
                    fix="output_mode='one_hot' for it, or output_mode='dict' for the space",
                )
        y = np.concatenate([v.astype(self._dtype) for v in found.values()], axis=-1)
        return y[0] if single else y

    def _one_hot(self, name: str, places: Any) -> np.ndarray:
        sizes = {c.name: c.crossing_dim for c in self.crosses}
        depth = sizes.get(name)
        if depth is None:
            layer = self.features[name].preprocessor
            if isinstance(layer, IndexLookup):
                depth = layer.vocabulary_size()
            elif isinstance(layer, CategoryEncoding):
                depth = layer.num_tokens
            elif isinstance(layer, Hashing):
                depth = layer.num_bins
            elif isinstance(layer, Discretization):
                depth = layer._depth
        if depth is None or np.asarray(places).dtype.kind not in "iu":
            raise DataError(
                f"the feature {name!r} cannot be one-hot: its layer gives no whole numbers of a "
                "known range",
                where=self.where,
                fix="output_mode='float' or 'int' for it",
            )
        return encoded(np.asarray(places), "multi_hot", depth, self._dtype)

    # --- for graphs -----------------------------------------------------------------------------

    def get_inputs(self) -> Any:
        """Raises: raw columns do not enter a graph. `Sequential([space, network])` takes them."""
        raise self._in_a_graph()

    def get_encoded_features(self) -> Any:
        """The symbol of the encoded rows, where a network begins (for `"concat"`)."""
        if self.output_mode != "concat":
            raise StateError("a graph begins at one array", where=self.where, expected="'concat'")
        zeros = {n: "" if f.dtype == "string" else 0 for n, f in self.features.items()}
        return Input(self.prepare(zeros).shape)

    def save(self, filepath: Any) -> str:
        """Write the space to a file of its own: `cr.load_model(path).layers[0]` reads it."""
        model = loaded("models", "Sequential")([self])
        model.build((None, *self.get_encoded_features().shape[1:]))
        return model.save(filepath)
