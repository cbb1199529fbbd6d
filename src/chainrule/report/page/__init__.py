"""The report on a run as one HTML file, and the page on several of them."""

from .compare_page import make_comparison, write_comparison
from .findings import Findings
from .page import make_page, write_page

__all__ = ["Findings", "make_comparison", "make_page", "write_comparison", "write_page"]
