"""`chainrule compare`: runs beside each other."""

from __future__ import annotations

import argparse
from typing import Any

from ..terminal import say
from .command import Command

__all__ = ["COMMANDS", "compare"]

_EXAMPLES = """examples:
  chainrule compare runs/a runs/b              a table: figures, time, cost
  chainrule compare runs/* --out compare.html  and a page with their curves
  chainrule compare runs/a runs/b --json       the table as JSON
"""


def _options(p: Any) -> None:
    """Its arguments."""
    p.add_argument("runs", nargs="+", metavar="RUN", help="a run folder, or a .safetensors file")
    p.add_argument("--out", metavar="FILE", help="write a page with curves: a name in .html")
    p.add_argument("--overwrite", action="store_true", help="replace what stands at --out")
    p.add_argument("--json", action="store_true", help="print the table as JSON")


def compare(a: argparse.Namespace) -> int:
    """Print the table; write the page where asked."""
    from ..workflow import comparing
    from .output import refuse_file

    if a.out:
        refuse_file(a.out, ".html", a.overwrite)
    found = comparing.compare(a.runs)
    if a.json:
        import json

        say(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        say(str(found))
    if a.out:
        from ..report.page import write_comparison

        write_comparison(found, a.out)
        if not a.json:
            say(f"written: {a.out}")
    return 0


COMMANDS = (
    Command(
        "compare", compare, "Runs beside each other: figures, curves, time and cost.", _EXAMPLES,
        _options, (("compare runs/a runs/b", "their figures, time and cost"),),
    ),
)  # fmt: skip
