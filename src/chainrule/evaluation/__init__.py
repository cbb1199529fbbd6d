"""Understanding a result: figures with intervals, the verdict, and what an answer hangs on."""

from .ranking import Curve, auc, precision_recall, roc
from .resampling import Estimate, Resamples
from .scores import ClassScore, Score, Scores, scores
from .verdict import WORDS, Verdict, verdict

__all__ = [
    "WORDS",
    "ClassScore",
    "Curve",
    "Estimate",
    "Resamples",
    "Score",
    "Scores",
    "Verdict",
    "auc",
    "precision_recall",
    "roc",
    "scores",
    "verdict",
]
