"""The report on a run as one HTML file."""

from .findings import Findings
from .page import make_page, write_page

__all__ = ["Findings", "make_page", "write_page"]
