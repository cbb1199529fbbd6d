"""Callbacks: what happens around epochs and batches. Names and arguments are Keras 3's."""

from .base import Callback, CallbackList, Trainable, is_ours, remembers
from .functions import LambdaCallback, LearningRateScheduler
from .history import History, StepHistory
from .logs import CSVLogger, JSONLinesLogger
from .monitor import EarlyStopping, ReduceLROnPlateau, TerminateOnNaN
from .saving import BackupAndRestore, ModelCheckpoint
from .stopping import StopWhen, TimeLimit
from .tensorboard import TensorBoard
from .weights import SwapEMAWeights

__all__ = [
    "BackupAndRestore",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "StepHistory",
    "StopWhen",
    "TerminateOnNaN",
    "Trainable",
    "is_ours",
    "remembers",
    "CSVLogger",
    "JSONLinesLogger",
    "TimeLimit",
    "TensorBoard",
    "SwapEMAWeights",
]
