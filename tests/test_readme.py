"""The README's Python, word for word, and the output it shows."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import chainrule as cr
from chainrule import cli

pytestmark = pytest.mark.usefixtures("as_users_compile")
README = Path(__file__).parents[1] / "README.md"
TEXT = re.sub(r"<!--.*?-->", "", README.read_text(encoding="utf-8"), flags=re.S)
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)
SESSIONS = re.findall(r"^```pycon\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which `chainrule train digits --out runs/digits` has been run."""
    path = tmp_path_factory.mktemp("readme")
    cr.utils.set_random_seed(0)
    assert cli.main(["train", "digits", "--quiet", "--out", str(path / "runs" / "digits")]) == 0
    return path


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_python_block(number, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(BLOCKS[number], f"README.md block {number}", "exec"), {"__name__": "__main__"})  # noqa: S102


@pytest.mark.parametrize("number", range(len(SESSIONS)))
def test_session(number):
    session = doctest.DocTestParser().get_doctest(
        SESSIONS[number], {}, f"session {number}", str(README), None
    )
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=said.append)
    assert session.examples
    assert "".join(said) == ""


def test_the_model_of_the_readme_reads_digits(folder):
    model = cr.load_model(folder / "runs" / "digits" / "model.safetensors")
    (_, _), (x_test, y_test) = cr.datasets.digits.load_data()
    assert (model.predict(x_test / 16).argmax(axis=1) == y_test).mean() >= 0.97


def test_speed_is_shown_with_its_date_and_machine():
    text = README.read_text(encoding="utf-8")
    speed = text.split("## Speed")[1].split("\n## ")[0]
    assert "BENCHTABLE" not in speed
    assert re.search(r"^20\d\d-\d\d-\d\d, .*cores", speed, re.M)
    assert speed.count("\n|") >= 8
