"""The version, in one place: files carry it, and the build reads it here."""

__version__ = "0.1.0"
