"""The other forms of an explanation: page, fragment, LaTeX, JSON, Markdown; what they share."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, FileError
from chainrule.explanation.digits import Digits
from chainrule.explanation.forms.html import SCRIPT
from chainrule.explanation.forms.languages import LANGUAGES, language_of
from chainrule.explanation.forms.latex import LaTeX, escaped
from chainrule.explanation.forms.markdown import escaped as in_markdown
from chainrule.explanation.forms.mathml import MathML, math
from chainrule.explanation.forms.scene import scene_of
from chainrule.explanation.forms.symbols import symbol, visible
from chainrule.explanation.formula import Apply, Leaf, Neg, Power, Product, Sum, const
from chainrule.explanation.steps import Cell, Line, Table


def deck_004(**settings):
    model = cr.Sequential([
        cr.layers.Input((2,)),
        cr.layers.Dense(2, "sigmoid", dtype="float64"),
        cr.layers.Dense(2, "sigmoid", dtype="float64"),
    ])  # fmt: skip
    model.set_weights(
        [[[0.15, 0.25], [0.2, 0.3]], [0.35, 0.35], [[0.4, 0.5], [0.45, 0.55]], [0.6, 0.6]]
    )
    settings = {"notation": "deck-004", "optimizer": cr.optimizers.SGD(0.5)} | settings
    return cr.explain(model, [[0.05, 0.1]], [[0.01, 0.99]], loss="half_squared_error", **settings)


def softmax_adam():
    rng = np.random.default_rng(7)
    model = cr.Sequential(
        [cr.Input((3,)), cr.layers.Dense(4, "tanh"), cr.layers.Dense(3, "softmax")]
    )
    model.set_weights([rng.normal(size=s).astype("float32") for s in ((3, 4), 4, (4, 3), 3)])
    x, y = rng.normal(size=(2, 3)).astype("float32"), np.eye(3, dtype="float32")[[0, 2]]
    return cr.explain(model, x, y, loss="categorical_crossentropy", optimizer="adam")


def convolution():
    cr.utils.set_random_seed(1)
    model = cr.Sequential([
        cr.Input((6, 6, 1)), cr.layers.Conv2D(2, 3, activation="relu"), cr.layers.MaxPooling2D(2),
        cr.layers.Flatten(), cr.layers.Dense(2, "softmax"),
    ])  # fmt: skip
    x = np.random.default_rng(2).normal(size=(1, 6, 6, 1)).astype("float32")
    return cr.explain(model, x, [1], loss="sparse_categorical_crossentropy")


def fractions():
    layers = [cr.layers.Dense(2, "relu", dtype="float64"), cr.layers.Dense(1, dtype="float64")]
    model = cr.Sequential([cr.Input((2,)), *layers])
    model.set_weights([[[0.15, 0.25], [0.2, 0.3]], [0.35, 0.35], [[0.4], [0.5]], [0.6]])
    return cr.explain(model, [[0.05, 0.1]], [[0.01]], loss="mse", exact=True)


HOSTILE = [
    "<script>alert(1)</script>",
    "```` `x",
    "$\\input{/etc/passwd}$",
    "\"onload=x'",
    "a\u202eb\u2067c",
]


def hostile(name):
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)], name="m")
    made = cr.explain(model, [[1.0, 2.0]], [[1.0]], loss="mse")
    parts = list(made.parts)
    items = [
        Line(name, Leaf(name, 2.0, name) * 3, 6.0, (name,), note=name),
        Table(name, ("", name), ((name, Cell(1.5, Apply(name, Leaf(name, 1.5), value=1.5))),
                                 (name, name)), ((name,), (name,))),
        *parts[0].items[:1],
    ]  # fmt: skip
    items.append(items[-1]._replace(text=name, ref=name, kind="note"))
    made.parts = (parts[0]._replace(items=tuple(items)), *parts[1:])
    made.say.recording.model.name = name
    return made


MADE = {
    "deck 004": deck_004,
    "softmax and Adam": softmax_adam,
    "convolution": convolution,
    "fractions": fractions,
}


@pytest.fixture(scope="module", params=list(MADE))
def made(request):
    return MADE[request.param]()


@pytest.fixture(scope="module")
def deck():
    return deck_004()


class Reader(HTMLParser):
    """Elements with their attributes, the numbers of <data>, and the text that is no script."""

    void = {"meta", "link", "br", "wbr", "input", "rect", "circle", "path"}

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.numbers, self.text = [], [], [], []
        self.views = []  # the numbers that are steps, in each notation
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.elements.append((tag, found))
        if "page-view" in found.get("class", "").split():
            self.views.append([])
        if tag not in self.void:
            self.open.append((tag, found))
        if tag == "data":
            step = next((a["data-step"] for _, a in reversed(self.open) if "data-step" in a), None)
            self.numbers.append((float(found["value"]), step))
            if step is not None:
                self.views[-1].append((float(found["value"]), int(step)))

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert tag in self.void or self.open.pop()[0] == tag

    def handle_data(self, text):
        if not {"script", "style"} & {tag for tag, _ in self.open}:
            self.text.append(text)


def numbers_of(explanation):
    return [value for part in explanation.parts for _, value, _ in part.numbers()]


# --- names --------------------------------------------------------------------------------------

NAMES = {
    "w5": "w_{5}", "w12": "w_{12}", "net_h1": r"\mathrm{net}_{h1}", "z1_2": "z_{2}^{(1)}",
    "w1_21": "w_{21}^{(1)}", "w1_1,12": "w_{1,12}^{(1)}", "E": "E", "E_o1": "E_{o1}",
    "E_data": r"E_{\mathrm{data}}", "δ_h1": r"\delta_{h1}", "m̂": r"\hat{m}", "m₀": "m_{0}",
    "W1[0,1]": r"W^{(1)} \text{[0,1]}",
    "∂E/∂w5": r"\frac{\partial E}{\partial w_{5}}",
    "∂out_o1/∂net_o1": r"\frac{\partial \mathrm{out}_{o1}}{\partial \mathrm{net}_{o1}}",
    "dense/kernel[0,1]": r"\text{dense/kernel[0,1]}", "dense_1[0]": r"\text{dense\_1[0]}",
    "my_layer": r"\text{my\_layer}", "δ_o1(2)": r"\delta_{o1} (2)", "Σ|w|": r"\text{$\Sigma$\textbar{}w\textbar{}}",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_becomes_a_symbol(name):
    leaf = Leaf(name, 0.5)
    assert leaf.write(LaTeX(Digits(6))) == NAMES[name]
    Reader(math(leaf.write(MathML(Digits(6)))))


def test_formulas_keep_their_structure():
    a, b, z = Leaf("a", -2.0), Leaf("b", 0.5), Leaf("z", 1e-12)
    f = 1 / (1 + Apply("exp", Neg(z))) + Product([const("½", 0.5), Power(a - b, const(2))])
    assert f.write(LaTeX(Digits(6))) == (
        r"\frac{1}{1 + e^{-z}} + \tfrac12  \cdot {\left(a - b\right)}^{2}"
    )
    assert f.write(LaTeX(Digits(6), numbers=True)) == (
        r"\frac{1}{1 + e^{-1\cdot10^{-12}}} + \tfrac12  \cdot {\left(-2 - 0.5\right)}^{2}"
    )
    text = f.write(MathML(Digits(6)))
    assert text.count("<mfrac>") == 1
    assert "<msup><mi>e</mi><mrow>" in text
    assert '<mo stretchy="false">(</mo>' in text
    assert "1·10⁻¹²" in f.write(MathML(Digits(6), numbers=True))
    square = Power(z, const(2))  # not a power of the ten alone
    assert square.write(LaTeX(Digits(6), True)) == r"{\left(1\cdot10^{-12}\right)}^{2}"
    grown = Power(a / b, const(2)).write(MathML(Digits(6)))
    assert "<mo>(</mo>" in grown  # parentheses grow around a fraction


def test_pieces_are_the_whole():
    f = Sum([Leaf("a", 1.0) * Leaf("b", 2.0), Neg(Leaf("c", 3.0)), Leaf("d", 4.0)])
    for style in (MathML(Digits(6)), LaTeX(Digits(6), True)):
        assert "".join(f.pieces(style)) == f.write(style)
        assert len(f.pieces(style)) == 3


# --- JSON ---------------------------------------------------------------------------------------


def test_json_holds_every_number_with_all_digits(made):
    values = json.loads(made.to_json())
    assert values["schema"] == 1
    assert [p["key"] for p in values["parts"]] == [p.key for p in made.parts]
    for part, source in zip(values["parts"], made.parts, strict=True):
        for item, line in zip(part["items"], source.items, strict=True):
            if isinstance(line, Line):
                assert item["name"] == line.name
                assert item["value"] == float(line.value)
                assert item["at"] == list(line.at)
                if line.formula is not None:
                    assert item["symbols"] in made.text(more=True, width=10_000)
            elif isinstance(line, Table):
                for row, cells in zip(item["rows"], line.rows, strict=True):
                    for cell, there in zip(row["cells"], cells[1:], strict=True):
                        there = there.value if isinstance(there, Cell) else there
                        expected = there if isinstance(there, str) else digits_text(made, there)
                        assert cell["text"] == expected
                        assert (cell["value"] is None) == isinstance(there, str)
                        assert cell["value"] is None or float(cell["value"]) == float(there)
            else:
                assert item["text"] == line.text
    found = [
        n["value"] for p in values["parts"] for i in p["items"]
        for n in ([i] if i["kind"] == "line" else [c for r in i.get("rows", ()) for c in r["cells"]])
        if isinstance(n["value"], float)
    ]  # fmt: skip
    assert found == numbers_of(made)


def digits_text(made, value):
    return made.say.digits(value)


def test_fractions_are_stacked_and_exact():
    made = fractions()
    line = json.loads(made.to_json())["parts"][1]["items"][0]
    assert (line["value"], line["exact"], line["text"]) == (0.3775, "151/400", "151/400")
    assert r"\frac{3}{20} \cdot \frac{1}{20}" in made.latex()
    assert "<mfrac><mn>151</mn><mn>400</mn></mfrac>" in made.html()


def test_json_of_what_is_no_number(deck):
    odd = cr.explain(
        cr.Sequential([cr.Input((1,)), cr.layers.Dense(1)]), [[1.0]], [[2.0]], loss="mse"
    )
    line = Line("a", None, float("inf"))
    odd.parts = (odd.parts[0]._replace(items=(line, line._replace(value=float("nan")))),)
    values = json.loads(odd.to_json())["parts"][0]["items"]
    assert [v["value"] for v in values] == ["Infinity", "NaN"]
    weight = json.loads(deck.to_json(weight="w5"))
    assert weight["weight"] == "w5"
    assert [p["key"] for p in weight["parts"]] == ["weight"]


# --- the page -----------------------------------------------------------------------------------


def test_every_number_is_a_step_of_the_page(made):
    page = Reader(made.html())
    for view in page.views:
        assert [value for value, _ in view] == numbers_of(made)
        assert [step for _, step in view] == sorted(step for _, step in view)
    steps = [int(a["data-step"]) for _, a in page.elements if "data-step" in a]
    assert set(steps) == set(range(1, max(steps) + 1))
    assert {int(a["data-how"]) for _, a in page.elements if "data-how" in a} <= set(steps)
    for _, a in page.elements:  # nothing waits for a step that does not come
        assert int(a.get("data-from", 0)) <= max(steps)


def test_numbers_that_lead_to_a_new_one_come_with_it(deck):
    """δ and input of w6 are known: they are no steps of their own, its gradient is."""
    page = Reader(deck.html())
    row = [a for tag, a in page.elements if tag == "td" and "data-step" in a]
    parts = {p.key: list(p.numbers()) for p in deck.parts}
    names = [name for name, _, _ in parts["backward"]]
    assert any(name.startswith("w6 ") for name in names)
    steps = len({int(a["data-step"]) for _, a in page.elements if "data-step" in a})
    assert steps < len(numbers_of(deck))
    assert len(row) > len({a["data-step"] for a in row})


def test_the_page_without_scripts_holds_every_number(made):
    text = " ".join(Reader(made.html()).text)
    plain = text.replace("−", "-")
    for part in made.parts:
        for item in part.items:
            if isinstance(item, Line):
                written = made.say.digits(item.value)
                assert written in plain or "e-" in written, item.name


def test_the_drawing_shows_what_the_lines_say(deck):
    page = Reader(deck.html())
    drawn = {a["data-value"] for _, a in page.elements if "data-value" in a}
    shows = [a["data-shows"] for _, a in page.elements if "data-shows" in a]
    assert set(shows) <= drawn
    assert len(shows) == len(set(shows))
    for names in (deck, deck.renamed("standard")):
        assert set(scene_of(names, 300).shows.values()) <= set(shows)
    for name in ("net_h1", "out_o2"):
        assert any(key.endswith(name) for key in shows)
    places = {a["data-at"] for tag, a in page.elements if tag == "g" and "data-at" in a}
    touched = {p for tag, a in page.elements if tag in ("div", "tr") and "data-at" in a
               for p in a["data-at"].split("|")}  # fmt: skip
    assert touched <= places


def test_a_deck_is_there_in_the_standard_names_too(deck):
    page = Reader(deck.html())
    first, second = page.views
    assert first == second  # the same step shows the same number
    options = [a.get("value") for tag, a in page.elements if tag == "option"]
    assert options.count("1") == 2  # of digits, and of names
    assert "z" in "".join(page.text)
    assert len(Reader(deck.renamed("standard").html()).views) == 1
    assert deck.renamed("standard").text() == deck_004(notation="standard", digits=9).text()
    with pytest.raises(ArgumentError, match="notation"):
        deck.renamed("deck-9")


def test_units_of_a_table_are_drawn_with_its_columns():
    text = scene_of(softmax_adam(), 300).forward
    assert ">a1_1<" in text
    assert re.search(r">net −?\d", text)  # not twice a1_1
    assert not re.search(r">[^<]{24,}<", text.partition("</style>")[2])


def test_every_weight_has_its_view_under_its_name(deck):
    ids = [a["id"] for _, a in Reader(deck.html()).elements if "id" in a and "data-place" in a]
    assert ids == ["w1", "w2", "b1", "w3", "w4", "b2", "w5", "w6", "b3", "w7", "w8", "b4"]


def test_a_page_is_one_file_and_small(deck):
    text = deck.html()
    assert len(text.encode()) < 500_000
    page = Reader(text)
    tags = [tag for tag, _ in page.elements]
    assert not {"link", "img", "iframe", "object"} & set(tags)
    assert tags.count("script") == 1
    assert "src" not in dict(page.elements)["script"]
    assert text.count("https://") == 0
    assert set(re.findall("http://[^\"' ]*", text)) == {"http://www.w3.org/2000/svg"}
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert text == deck_004().html()


def test_a_page_says_what_it_leaves_out():
    rng = np.random.default_rng(0)
    model = cr.Sequential([cr.Input((2,)), cr.layers.Dense(1)])
    made = cr.explain(model, [[1.0, 2.0]], [[1.0]], loss="mse")
    many = tuple(
        Line(f"q{k}", Leaf("a", v) * 2, 2 * v) for k, v in enumerate(rng.normal(size=9000))
    )
    rows = tuple((f"r{k}", *map(float, rng.normal(size=5))) for k in range(20_000))
    table = Table("numbers", ("", *"abcde"), rows)
    made.parts = tuple(
        p._replace(
            items=many if p.key == "forward" else (table,) if p.key == "backward" else p.items
        )
        for p in made.parts
    )
    text = made.html()
    assert len(text.encode()) <= 2_000_000
    assert "Left out to keep this page small" in text
    assert "19,960 more rows" in text
    assert "حُذف لتبقى الصفحة صغيرة" in made.html("ar")


def test_the_script_may_run_and_no_other(deck):
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    text = deck.html()
    assert f"script-src 'sha256-{digest}'" in text
    assert f"<script>{SCRIPT}</script>" in text


# --- languages ----------------------------------------------------------------------------------


def test_arabic_reads_from_right_to_left_and_formulas_from_left_to_right(deck):
    page = Reader(deck.html("ar"))
    assert page.elements[0] == ("html", {"lang": "ar", "dir": "rtl"})
    assert all(a.get("dir") == "ltr" for tag, a in page.elements if tag == "math")
    lines = [a for tag, a in page.elements if a.get("class") == "cr-lines"]
    assert lines
    assert all(a["dir"] == "ltr" for a in lines)
    assert [v for v, _ in page.views[0]] == numbers_of(deck)
    text = " ".join(page.text)
    for word in ("الشبكة", "الأمام", "الخسارة", "الرجوع", "التحقق", "التحديث", "لماذا", "ملاحظات"):
        assert word in text


def test_arabic_columns_keep_their_symbols_together():
    head = language_of("ar").head("slope out·(1 - out)")
    assert head == "الميل \u2066out·(1 - out)\u2069"
    assert language_of("ar").head("∂E/∂out = out - t") == "\u2066∂E/∂out = out - t\u2069"
    assert language_of("en").head("δ = product") == "δ = product"


def test_arabic_says_every_sentence_of_the_deck(deck):
    arabic = language_of("ar")
    for part in deck.parts:
        assert arabic.word(part.title) != part.title
        for item in part.items:
            if not isinstance(item, (Line, Table)) and not item.more:
                assert arabic.sentence(item.text)[1], item.text
            if isinstance(item, Line) and item.note:
                assert arabic.sentence(item.note)[1], item.note


def test_languages_have_all_words_of_the_page():
    english = set(re.findall(r't\("([^"]+)"\)', open_source("html.py")))
    assert len(english) > 15
    assert english - {"press"} <= set(LANGUAGES["ar"].words)
    with pytest.raises(ArgumentError, match="language"):
        language_of("xx")


def open_source(name):
    from pathlib import Path

    import chainrule.explanation

    return (Path(chainrule.explanation.__file__).parent / "forms" / name).read_text(
        encoding="utf-8"
    )


# --- pieces -------------------------------------------------------------------------------------


def test_a_fragment_has_classes_only(made):
    for key in ("forward", "backward", "update", made.some_weight()):
        page = Reader(made.fragment(key))
        assert page.elements[0][0] == "div"
        for tag, a in page.elements:
            assert tag not in ("script", "style", "link")
            assert not {"style", "id"} & set(a)
            assert not any(name.startswith("on") for name in a)
            assert all(c.startswith("cr-") for c in a.get("class", "cr-").split())
    with pytest.raises(ArgumentError):
        made.fragment("forwards")


def test_a_notebook_shows_all_parts_without_a_script(made):
    text = made._repr_html_()
    page = Reader(text)
    assert [value for value, _ in page.numbers] == numbers_of(made)
    assert not any(tag == "script" for tag, _ in page.elements)
    style = re.sub(r"(?s)/\*.*?\*/", "", text[text.index("<style>") + 7 : text.index("</style>")])
    for rule in re.findall(r"(?:^|[}\n])\s*([^{}@]+)\{", style):
        for selector in rule.split(","):
            assert ".cr-explain" in selector, selector


# --- hostile names ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_names_do_no_harm(name):
    made = hostile(name)
    page = Reader(made.html())
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not any(key.startswith("on") for _, a in page.elements for key in a)
    shown = visible(name)
    assert "".join(page.text).replace("\xa0", " ").count(shown) > 3
    Reader(made.fragment("network"))
    for text in (made.html(), made.latex(), made.markdown(), made.to_json(), made._repr_html_()):
        assert "\u202e" not in text
    values = json.loads(made.to_json())
    assert values["model"] == name
    assert values["parts"][0]["items"][0]["name"] == name
    source = made.latex()
    body = source[source.index("\\begin{document}") :]
    assert "\\input" not in body
    fences = re.findall("^(```+)text$", made.markdown(), re.M)
    assert all(len(fence) > max(map(len, re.findall("`*", name))) for fence in fences[:1])
    outside = re.sub(r"(?s)```+text\n.*?```+", "", made.markdown())
    for mark in "$<":
        assert not re.search(rf"(?<!\\)\{mark}", outside)


def test_escapes():
    assert escaped("a_b%#&{}~^") == r"a\_b\%\#\&\{\}\textasciitilde{}\textasciicircum{}"
    assert escaped('$"') == r"\$''"
    assert escaped("m̂/√v") == r"$\hat{m}$/$\surd$v"
    assert in_markdown("- x") == r"\- x"
    assert in_markdown("1. x") == r"1\. x"
    assert in_markdown("0.5") == "0.5"
    assert in_markdown("-0.5") == "-0.5"
    assert in_markdown("a|b`c") == r"a\|b\`c"
    assert symbol("a\u202eb").text == "a⟨U+202E⟩b"


# --- LaTeX and Markdown -------------------------------------------------------------------------


def test_latex_has_nine_sections_and_every_line(made):
    text = made.latex()
    assert text.count(r"\section{") == 9
    assert re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", text) == ["amsmath"]
    assert text.isascii()
    for left, right in ("{}", ("\\left(", "\\right)")):
        assert text.count(left) == text.count(right)


def test_latex_holds_the_numbers_of_the_deck(deck):
    text = deck.latex()
    for _, value, _ in deck["forward"].numbers():
        assert deck.say.digits(value) in text
    assert rf"\frac{{\partial {deck.say.loss}}}{{\partial w_{{5}}}}" in text


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex")
@pytest.mark.parametrize("make", [*MADE.values(), *(lambda n=n: hostile(n) for n in HOSTILE)])
def test_latex_compiles(make, tmp_path):
    path = make().save(tmp_path / "a.tex")
    run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path],
                         cwd=tmp_path, capture_output=True, text=True, errors="replace")  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]
    wide = [float(n) for n in re.findall(r"Overfull \\hbox \(([\d.]+)pt", run.stdout)]
    assert max(wide, default=0) < 60, run.stdout


def test_markdown_has_nine_headings_and_whole_tables(made):
    text = made.markdown(more=True)
    assert len(re.findall("^## ", text, re.M)) == 9
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in block.strip().split("\n")}
        assert len(widths) == 1
    for line in (i for p in made.parts for i in p.items if isinstance(i, Line)):
        assert made.say.digits(line.value) in text


# --- files --------------------------------------------------------------------------------------


def test_the_ending_says_the_form(deck, tmp_path):
    for ending, first in ((".txt", "0 NETWORK"), (".html", "<!DOCTYPE html>"), (".json", "{"),
                          (".tex", "\\documentclass"), (".md", "# One")):  # fmt: skip
        path = deck.save(tmp_path / f"a{ending}")
        with open(path, encoding="utf-8") as file:
            assert file.read().startswith(first)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"a.{e}" for e in ("html", "json", "md", "tex", "txt")
    ]
    with pytest.raises(FileError, match="ending"):
        deck.save(tmp_path / "a.doc")
    with pytest.raises(FileError, match="ending"):
        deck.save(tmp_path / "a")


@pytest.mark.parametrize("kind", ["html", "latex", "json", "markdown"])
def test_forms_are_the_same_every_time(kind):
    assert deck_004().rendered(kind) == deck_004().rendered(kind)
    assert deck_004().rendered(kind, weight="w5") != deck_004().rendered(kind)


# --- in a browser -------------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_a_step_shows_what_came_before_and_hides_what_comes(deck, tmp_path):
    path = deck.save(tmp_path / "a.html")
    run = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", f"--user-data-dir={tmp_path}/profile",
         "--virtual-time-budget=4000", "--dump-dom", f"file://{path}#step=5"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    page = Reader(run.stdout)
    assert "on" in page.elements[0][1]["class"].split()
    lines = [a for tag, a in page.elements if tag == "div" and "data-step" in a][:8]
    classes = [set(a["class"].split()) for a in lines]
    assert [("now" in c, "later" in c, "gone" in c) for c in classes] == [
        *[(False, False, False)] * 4, (True, False, False),  # net_o1 is the newest
        (False, True, False), *[(False, True, True)] * 2,  # the next one may be guessed
    ]  # fmt: skip
    drawn = " ".join(page.text)
    assert "net_o1 1.105905967" in drawn
    assert "out_o1 ?" in drawn
    lit = {a["data-at"] for tag, a in page.elements if tag == "g" and "now" in a.get("class", "")
           and "data-at" in a}  # fmt: skip
    assert lit == {"dense_1[0]", "dense_1/kernel[0,0]", "dense_1/kernel[1,0]", "dense_1/bias[0]"}


WALK = """<script>addEventListener("load", () => {
  const count = document.querySelector(".page-count"), said = [];
  const press = key => document.dispatchEvent(new KeyboardEvent("keydown", {key}));
  press("End");
  said.push(count.textContent);
  const last = Number(location.hash.split("=")[1]), hidden = [];
  for (let k = 1; k <= last; k++) {
    location.hash = `#step=${k}`;
    dispatchEvent(new HashChangeEvent("hashchange"));
    const lit = document.querySelector("main .now");
    if (!lit || !lit.getBoundingClientRect().height) hidden.push(k);
  }
  press("Home");
  let presses = 0;
  for (let before = ""; before !== count.textContent; presses++) {
    before = count.textContent;
    press("ArrowRight");
  }
  const more = document.querySelector("[name=more]");
  more.value = "all";
  more.dispatchEvent(new Event("change"));
  press("End");
  said.push(hidden.join(), presses - 1, count.textContent);
  document.body.innerHTML = `<pre id="said">${said.join("|")}</pre>`;
})</script>"""


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_the_counter_counts_what_is_shown_and_a_link_lands_on_it(deck, tmp_path):
    page = deck.html()
    page = re.sub(r"<meta http-equiv=.Content-Security-Policy.*", "", page)  # a script of the test
    (tmp_path / "b.html").write_text(page.replace("</body>", WALK + "</body>"), encoding="utf-8")
    run = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", f"--user-data-dir={tmp_path}/profile",
         "--virtual-time-budget=6000", "--dump-dom", f"file://{tmp_path}/b.html"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    end, hidden, presses, everything = re.search(r'id="said">(.*?)<', run.stdout)[1].split("|")
    at, of = map(int, end.split(" / "))
    assert at == of == int(presses)  # as many as the arrow key finds
    assert hidden == ""
    assert int(everything.split(" / ")[1]) > of
