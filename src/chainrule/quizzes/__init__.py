"""Questions about a training step: asked, checked, set as worksheets and marked for a class."""

from .asking import Question
from .checking import Verdict
from .classes import ClassMarks, ClassQuiz, Student, mark_file, read_class
from .quiz import Marked, Quiz, quiz

__all__ = [
    "ClassMarks",
    "ClassQuiz",
    "Marked",
    "Question",
    "Quiz",
    "Student",
    "Verdict",
    "mark_file",
    "quiz",
    "read_class",
]
