"""Checkpoints: placeholder of a run's position, written between events."""

from __future__ import annotations

from typing import Any

__all__ = ["Checkpoint"]


class Checkpoint:
    """What a fit writes while it runs, and resumes from."""

    def __init__(self, job: Any, model: Any, listeners: Any, history: Any) -> None:
        self.job = job

    def restore(self) -> None:
        """Nothing yet."""

    def after(self, event: Any) -> None:
        """Nothing yet."""

    def finished(self) -> None:
        """Nothing yet."""
