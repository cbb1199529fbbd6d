"""Exercises: a template to fill in, and points with reasons for what was filled in.

Example:
    >>> import chainrule as cr
    >>> cr.exercises.exercise("perceptron_rule")
    Exercise('perceptron_rule', 'The perceptron learns: Δw = η(t − ŷ)x', 10 points)
"""

from ..vocabulary import answer
from .base import Exercise, Part
from .catalog import exercise, exercises
from .grading import Grade, PartGrade, grade
from .run import Limits

__all__ = ["Exercise", "Grade", "Limits", "Part", "PartGrade", "exercise", "exercises", "grade"]

answer(__name__)
