"""Layers without a row: texts and tables are no numbers (test_text.py, test_table_encoder.py), a
whole model has its own tests (test_generation.py).
"""

LAYERS = []
WITHOUT_ROW = {"TextVectorization", "TableEncoder", "CharTransformer"}
