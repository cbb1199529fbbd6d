"""Layers of text: they take no numbers, so test_text.py tests them."""

LAYERS = []
WITHOUT_ROW = {"TextVectorization"}
