"""`chainrule report`: a run as one page."""

from __future__ import annotations

import argparse
import os
import shlex
from typing import Any

from ..errors import FileError
from ..terminal import say
from .command import Command
from .output import refuse_file
from .use_model import open_run

__all__ = ["COMMANDS", "report"]

_EXAMPLES = """examples, where RUN is a folder such as runs/adult-20260314-150926:
  chainrule report RUN                    where its report.html is
  chainrule report RUN --overwrite        writes it anew
  chainrule report RUN --no-rows --out to-hand-on.html
"""


def _options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("run", metavar="RUN", help="a run folder, or a .safetensors file in one")
    p.add_argument("--out", metavar="FILE", help="a name in .html (default: report.html in RUN)")
    p.add_argument("--no-rows", action="store_true", help="leave out cells and single rows")
    p.add_argument("--overwrite", action="store_true", help="write it anew, over what stands there")


def report(a: argparse.Namespace) -> int:
    """Write the page, and say the verdict."""
    from ..report import PAGE
    from ..report.page import write_page
    from ..workflow import findings

    folder = a.run if os.path.isdir(a.run) else os.path.dirname(a.run)
    out = a.out or os.path.join(folder, PAGE)
    if not a.overwrite and a.out is None and os.path.exists(out):
        return _there(a, out)
    refuse_file(out, ".html", a.overwrite)
    run = open_run(a.run)
    options = (run.config.get("table") or {}).get("options") or {}
    rows = not (a.no_rows or options.get("no_rows", False))  # what training left out stays out
    found = findings.findings_of(run)
    write_page(found, out, rows=rows)
    say(f"written: {out}; open it in a browser")
    say(str(found.verdict))
    return 0


def _there(a: argparse.Namespace, page: str) -> int:
    """Training has written the page already.

    Raises:
        FileError: it may hold rows, and one without was asked for.
    """
    again = f"chainrule report {shlex.quote(a.run)} --overwrite"
    if a.no_rows:
        raise FileError("the page is there already, and may hold rows of the data", where=page,
                        fix=f"{again} --no-rows writes it anew without")  # fmt: skip
    run = open_run(a.run)
    say(f"the page is there since training: {page}; open it in a browser")
    say(f"to write it anew: {again}")
    if run.verdict is not None:
        say(str(run.verdict))
    return 0


COMMANDS = (
    Command(
        "report", report,
        "A run as one page: verdict, data, curves, mistakes, what matters.", _EXAMPLES, _options,
        (("report runs/digits-...", "a page that explains the run"),),
    ),
)  # fmt: skip
