"""Layers of several inputs have rows of their own in test_merging.py."""

LAYERS: list = []
WITHOUT_ROW = {
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"
}  # fmt: skip
