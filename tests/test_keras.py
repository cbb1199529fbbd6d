"""Keras's own meaning: the same words make the same layer, with weights in the same layout.

Each case is one line of code that both libraries understand. With equal weights and inputs the
results must agree; where Keras is not installed, with what it said when it was last asked:

    python tests/test_keras.py [TOPIC]

asks it again and writes `files/keras_TOPIC.json`. Cases stand in files `cases_TOPIC.py`, as CASES.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from keras_case import Case

HERE = Path(__file__).parent
TOPICS = [path.stem.removeprefix("cases_") for path in sorted(HERE.glob("cases_*.py"))]


def cases(topic: str) -> list[Case]:
    return importlib.import_module(f"cases_{topic}").CASES


def file_of(topic: str) -> Path:
    return HERE / "files" / f"keras_{topic}.json"


def of_keras(topic: str, case: Case) -> dict[str, Any]:
    if importlib.util.find_spec("keras"):
        import os

        os.environ.setdefault("KERAS_BACKEND", "jax")
        from keras import layers

        return case.run(layers)
    return json.loads(file_of(topic).read_text(encoding="utf-8"))[case.id]


EVERY = [pytest.param(topic, case, id=case.id) for topic in TOPICS for case in cases(topic)]


@pytest.mark.filterwarnings("ignore")  # of Keras
@pytest.mark.parametrize(("topic", "case"), EVERY)
def test_same_words_same_numbers(topic, case):
    ours, theirs = case.run(cr.layers), of_keras(topic, case)
    assert ours["weights"] == theirs["weights"]
    assert len(ours["results"]) == len(theirs["results"])
    for a, b in zip(ours["results"], theirs["results"], strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_keras_said_is_recorded_for_every_case(topic):
    recorded = json.loads(file_of(topic).read_text(encoding="utf-8"))
    assert sorted(recorded) == sorted(case.id for case in cases(topic))


if __name__ == "__main__":
    for topic in sys.argv[1:] or TOPICS:
        said = {case.id: of_keras(topic, case) for case in cases(topic)}
        for entry in said.values():
            entry["results"] = [np.round(np.array(r), 7).tolist() for r in entry["results"]]
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(said.items())]
        file_of(topic).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"{topic}: {len(said)} cases")
