"""The rarer layers that change images, loaded when they are first asked for."""
