"""Understanding a result: figures with intervals, the verdict, and what an answer hangs on."""

from ..vocabulary import answer
from .compare import Candidate, Comparison
from .decisions import Bin, Threshold, calibration, cheapest, thresholds
from .influence import (
    Dependence,
    Importance,
    Influence,
    partial_dependence,
    permutation_importance,
)
from .mistakes import Learning, learning, worst_mistakes
from .ranking import Curve, auc, precision_recall, roc
from .resampling import Estimate, Resamples
from .scores import ClassScore, Score, Scores, scores
from .verdict import WORDS, Verdict, verdict

__all__ = [
    "WORDS",
    "Bin",
    "Candidate",
    "ClassScore",
    "Comparison",
    "Curve",
    "Dependence",
    "Estimate",
    "Importance",
    "Influence",
    "Learning",
    "Resamples",
    "Score",
    "Scores",
    "Threshold",
    "Verdict",
    "auc",
    "calibration",
    "cheapest",
    "learning",
    "partial_dependence",
    "permutation_importance",
    "precision_recall",
    "roc",
    "scores",
    "thresholds",
    "verdict",
    "worst_mistakes",
]

answer(__name__)
