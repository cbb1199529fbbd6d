"""Callbacks, under Keras's module name."""

from .training.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    StepHistory,
    StopWhen,
    TerminateOnNaN,
)
from .vocabulary import answer

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
]

answer(__name__)
