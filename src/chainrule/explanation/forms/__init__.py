"""The forms an explanation can take: text, a page, LaTeX, JSON, Markdown. They compute nothing."""

from .base import ENDINGS, FORMS

__all__ = ["ENDINGS", "FORMS"]
