"""Every example runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
LAST = {
    "character_transformer": "she sells sea shells",
    "every_number": "gradients agree",
    "explain_a_step": "E is 0.7",
    "from_a_generator": "from a file: accuracy 0.9",
    "graph_and_session": "E after one step 0.291027774",
    "gates_of_an_lstm": "fuse=False: ",
    "gan": "off by less than 0.2: True",
    "lecture_network": "test accuracy 0.9",
    "lenet": "61,706 parameters",
    "lstm_cell": "both engines agree",
    "one_line_two_lines": "the same: True",
    "own_loop": "accuracy 0.9",
    "own_operation": "loss",
    "symmetry_1986": "64 of 64 patterns right",
    "two_inputs": "sunny right 9",
}


def test_every_example_is_named_here():
    assert {p.stem for p in EXAMPLES} == set(LAST)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert LAST[path.stem] in capsys.readouterr().out
