"""Layers without a row: texts and tables are no numbers (test_text.py, test_table_encoder.py,
test_lookups.py), images and their labels are two arrays (test_image_layers.py), a whole model has
its own tests (test_generation.py).
"""

from chainrule import layers, utils

LAYERS = []
WITHOUT_ROW = {
    "CharTransformer",
    "CutMix",
    "FeatureSpace",
    "HashedCrossing",
    "Hashing",
    "MixUp",
    "StringLookup",
    "TableEncoder",
    "TextVectorization",
}

for _name in layers.__all__:  # those that are loaded when they are first asked for
    getattr(layers, _name)
utils.FeatureSpace  # noqa: B018
