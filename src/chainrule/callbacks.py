"""Callbacks, under Keras's module name."""

from .training.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    JSONLinesLogger,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    StepHistory,
    StopWhen,
    SwapEMAWeights,
    TensorBoard,
    TerminateOnNaN,
    TimeLimit,
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
    "CSVLogger",
    "JSONLinesLogger",
    "TimeLimit",
    "TensorBoard",
    "SwapEMAWeights",
]

answer(__name__)
