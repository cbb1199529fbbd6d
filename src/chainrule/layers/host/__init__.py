"""Layers that work in Python on the way in, loaded when they are first asked for."""
