"""Layers without a row: texts and tables are no numbers (test_text.py, test_table_encoder.py), a
whole model has its own tests (test_generation.py).
"""

from chainrule import layers

LAYERS = []
WITHOUT_ROW = {"TextVectorization", "TableEncoder", "CharTransformer"}

for _name in layers.__all__:  # those that are loaded when they are first asked for
    getattr(layers, _name)
