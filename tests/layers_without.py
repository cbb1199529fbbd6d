"""Layers without a row: texts and tables are no numbers (test_text.py, test_table_encoder.py,
test_lookups.py), a whole model has its own tests (test_generation.py).
"""

from chainrule import layers, utils

LAYERS = []
WITHOUT_ROW = {
    "CharTransformer",
    "FeatureSpace",
    "HashedCrossing",
    "Hashing",
    "StringLookup",
    "TableEncoder",
    "TextVectorization",
}

for _name in layers.__all__:  # those that are loaded when they are first asked for
    getattr(layers, _name)
utils.FeatureSpace  # noqa: B018
