"""Questions about a training step: asked, checked, set as worksheets and marked for a class."""

from .asking import Question
from .checking import Verdict
from .quiz import Marked, Quiz, quiz

__all__ = ["Marked", "Question", "Quiz", "Verdict", "quiz"]
