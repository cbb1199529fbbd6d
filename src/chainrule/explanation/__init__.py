"""One training step of any network as a worked solution: `explain`."""

from .explained import Explanation, explain

__all__ = ["Explanation", "explain"]
