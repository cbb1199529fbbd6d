"""Layers without a row: texts are no numbers (test_text.py), a whole model has its own tests
(test_generation.py).
"""

LAYERS = []
WITHOUT_ROW = {"TextVectorization", "CharTransformer"}
