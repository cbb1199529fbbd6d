"""The command line: train a network on data, evaluate it, use it.

    chainrule train digits
    chainrule train people.csv --target income --missing drop
    chainrule predict runs/digits-20260314-150926 examples.npy

Exit status: 0 done, 1 `doctor` found something broken, 2 an error with its message, 130 after
Ctrl-C, 143 after SIGTERM, 141 when the reader of a pipe went away.
"""

from .entry import main

__all__ = ["main"]
