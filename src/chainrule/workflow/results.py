"""The figures on held-out rows, and the line that says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["results_of", "say_results"]


def results_of(y: Any, predicted: Any, class_names: Any) -> dict[str, float]:
    """Accuracy for classes, mean squared and mean absolute error for values."""
    import numpy as np

    if class_names is not None:
        return {"accuracy": float((predicted.argmax(-1) == y).mean())}
    error = predicted.reshape(-1).astype(np.float64) - y
    return {"mse": float((error**2).mean()), "mae": float(np.abs(error).mean())}


def say_results(results: Mapping[str, float], rows: int) -> str:
    """What `results_of` found on so many rows, in words."""
    if "accuracy" in results:
        share = results["accuracy"]
        return f"test accuracy {share:.2%} ({round(share * rows):,} of {rows:,})".replace("%", " %")
    mse, mae = results["mse"], results["mae"]
    return f"test MSE {mse:.5g}, mean absolute error {mae:.5g} ({rows:,} rows)"
