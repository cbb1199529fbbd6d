"""`chainrule report`: a run as one page."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "report"]

_EXAMPLES = """examples:
  chainrule report runs/adult-20260314-150926              report.html in it; written if need be
  chainrule report runs/adult-20260314-150926 --no-rows    without any row of the data
  chainrule report runs/adult-20260314-150926 --out adult.html
"""


def _options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("run", metavar="RUN", help="a run folder, or a .safetensors file in one")
    p.add_argument("--out", metavar="FILE", help="a name in .html (default: report.html in RUN)")
    p.add_argument("--no-rows", action="store_true", help="leave out cells and single rows")
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")


def report(a: argparse.Namespace) -> int:
    """Write the page, and say the verdict."""
    from ..report.page import write_page
    from ..workflow import findings
    from .output import refuse_file
    from .use_model import open_run

    folder = a.run if os.path.isdir(a.run) else os.path.dirname(a.run)
    out = a.out or os.path.join(folder, "report.html")
    if a.out is None and not (a.overwrite or a.no_rows) and os.path.isfile(out):
        verdict = open_run(a.run).verdict
        say(f"there already, as training wrote it: {out} (--overwrite writes it anew)")
        if verdict is not None:
            say(str(verdict))
        return 0
    refuse_file(out, ".html", a.overwrite)
    found = findings.findings_of(open_run(a.run))
    write_page(found, out, rows=not a.no_rows)
    say(f"written: {out}")
    say(str(found.verdict))
    return 0


COMMANDS = (
    Command(
        "report", report,
        "A run as one page: verdict, data, curves, mistakes, what matters.", _EXAMPLES, _options,
        (("report runs/digits-...", "a page that explains the run"),),
    ),
)  # fmt: skip
