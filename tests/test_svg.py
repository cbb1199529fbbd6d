"""The one SVG module: shapes, text and its width, arrows, themes, mirrored; safe and well formed."""

from __future__ import annotations

import math
import re
import string
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ArgumentError, FileError
from chainrule.summary import history_html
from chainrule.svg import ROLES, Drawing, shorten, text_width
from reading_svg import SVG, read, steps

# --- text ---------------------------------------------------------------------------------------

LINES = [
    string.ascii_letters, string.digits, string.punctuation, "Conv2D · relu", "(None, 28, 28, 6)",
    "61,706 parameters", "max_pooling2d_1", "WAVE To Ty", "∂E/∂w₁ = −0.5 · ½ → √2", "naïve Größe",
]  # fmt: skip


KERNED = LINES[7:8]  # letters that fonts draw closer, which is not measured: it is room to spare


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("line", LINES)
def test_text_is_as_wide_as_in_a_real_font(line, bold):
    pytest.importorskip("matplotlib")
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=20, weight="bold" if bold else "normal")
    path = TextToPath()
    # its own figure is in points of 72 to the inch, as is ours in pixels
    real, _, _ = path.get_text_width_height_descent(line, font, ismath=False)
    over = 1.1 if line in KERNED else 1.07 if bold else 1.03
    assert 0.97 * real <= text_width(line, 20, bold) <= over * real


def test_width_of_letters_elsewhere():
    assert text_width("中文", 10) == 20
    assert text_width("e\u0301") == text_width("e") == text_width("é")
    assert 0 < text_width("عربي", 10) < 40
    assert text_width("") == 0


@given(st.text(max_size=60), st.floats(5, 400), st.booleans())
def test_shortened_text_fits(text, width, bold):
    shown = shorten(text, width, 12, bold)
    assert text_width(shown, 12, bold) <= width or shown == "…"
    if shown != text:
        head, tail = shown.split("…", 1) if "…" not in text else (shown[:1].strip("…"), "")
        assert text.startswith(head)
        assert text.endswith(tail)


# --- safe, well formed, the same ----------------------------------------------------------------


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_any_text_is_text(title, line, data):
    picture = Drawing(100, 50, title, line)
    with picture.group(line, key=data):
        picture.text(10, 10, line)
    tree = read(picture)
    tags = [e.tag.removeprefix(SVG) for e in tree]
    assert tags[0] == "title"
    text = tree.find(f".//{SVG}text").text or ""
    plain = "".join(c if _in_xml(c) else "\ufffd" for c in line)
    assert text == " ".join(plain.split())
    assert "http-equiv" not in picture.svg()
    picture.svg().encode("utf-8")


def _in_xml(c):
    return c in "\t\n\r" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE or ord(c) > 0xFFFF


def test_markup_in_names_does_nothing():
    picture = Drawing(100, 50, '"><script>', "</desc><script>alert(1)</script>")
    with picture.group("<script>", node="' onload='alert(1)"):
        picture.text(1, 1, "<script>alert(1)</script>")
    tree = read(picture)
    assert not list(tree.iter(f"{SVG}script"))
    group = tree.find(f"{SVG}g")
    assert set(group.attrib) == {"data-node"}
    assert "<script" not in picture.svg() + picture._repr_html_()


def painted(**options):
    picture = Drawing(200, 100, "All shapes", "each of them", **options)
    picture.rect(10, 10, 30, 20, fill="blue-tint", stroke="blue", radius=4)
    picture.circle(60, 20, 8, fill="#123456")
    picture.line((0, 0), (10, 10), stroke="faint")
    picture.polyline([(0, 0), (20, 0), (20, 20)], corner=5)
    picture.path([("M", 0, 0), ("C", 1, 2, 3, 4, 5, 6), ("Z",)], fill="amber")
    picture.polygon([(0, 0), (1, 0), (1, 1)], fill="ink", opacity=0.5)
    picture.cuboid(100, 40, 20, 30, 10, "green")
    picture.sheets(150, 40, 20, 20, 3, 4, "pink")
    picture.text(50, 80, "start", anchor="start", bold=True)
    picture.text(50, 80, "نص", anchor="start", turn=30)
    picture.arrow([(0, 50), (50, 90)], smooth="y", dashed=True)
    return picture


def test_the_same_calls_give_the_same_bytes():
    assert painted().svg() == painted().svg()
    assert painted().svg() != painted(theme="dark").svg()


# --- light and dark -----------------------------------------------------------------------------


def luminance(colour):
    linear = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in linear]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "soft"])
def test_text_can_be_read_on_every_ground(text, theme):
    """The contrast that WCAG 2 asks for at level AA."""
    for role, colours in ROLES.items():
        if role == "paper" or role.endswith("-tint"):
            assert contrast(ROLES[text][theme], colours[theme]) >= 4.5, role
    assert contrast(ROLES["line"][theme], ROLES["paper"][theme]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_fixed_theme_is_plain_colours(theme):
    text = painted(theme=theme).svg()
    assert "<style" not in text
    assert "var(" not in text
    colours = set(re.findall(r"#[0-9A-Fa-f]{6}", text))
    which = theme == "dark"
    assert colours <= {c[which] for c in ROLES.values()} | {"#123456"}
    assert ROLES["paper"][which] in colours


def test_the_automatic_theme_has_both():
    picture = painted()
    style = read(picture).find(f"{SVG}style").text
    light, dark = style.split("@media (prefers-color-scheme:dark)")
    used = set(
        re.findall(r"\b[fs]-([a-z-]+)", " ".join(re.findall('class="(.*?)"', picture.svg())))
    )
    assert used >= {"paper", "ink", "blue", "blue-tint", "green-shade"}
    for role in used:
        assert f"--cr-{role}:{ROLES[role][0]};" in light
        assert f"--cr-{role}:{ROLES[role][1]};" in dark
        assert f".f-{role}{{fill:var(--cr-{role})}}" in style
    # who knows no style sheets sees the light theme
    plain = re.sub(r' class="[^"]*"', "", re.sub("(?s)<style>.*</style>\n", "", picture.svg()))
    light_only = re.sub(r' class="[^"]*"', "", painted(theme="light").svg())
    assert re.sub("[td]-[0-9a-f]{10}", "", plain) == re.sub("[td]-[0-9a-f]{10}", "", light_only)


# --- mirrored -----------------------------------------------------------------------------------


def test_rtl_mirrors_places_and_never_text():
    left, right = read(painted()), read(painted(direction="rtl"))
    for a, b in zip(left.iter(), right.iter(), strict=True):
        assert a.tag == b.tag
        if a.tag == f"{SVG}rect":
            width = float(a.get("width"))
            assert float(b.get("x")) == pytest.approx(200 - float(a.get("x")) - width)
        elif a.tag == f"{SVG}circle":
            assert float(b.get("cx")) == 200 - float(a.get("cx"))
        elif a.tag == f"{SVG}path":
            for (kind, here), (other, there) in zip(steps(a), steps(b), strict=True):
                assert kind == other
                assert [200 - x for x in here[::2]] == pytest.approx(there[::2])
                assert here[1::2] == there[1::2]
        elif a.tag == f"{SVG}text":
            assert a.text == b.text
            assert float(b.get("x")) == 200 - float(a.get("x"))


def test_each_text_is_read_in_its_own_direction():
    def looks(direction):
        texts = list(read(painted(direction=direction)).iter(f"{SVG}text"))
        return [(t.get("text-anchor"), t.get("direction")) for t in texts]

    # the start of a mirrored line is its right end: where Latin ends and Arabic starts
    assert looks("ltr") == [("start", None), ("end", "rtl")]
    assert looks("rtl") == [("end", None), ("start", "rtl")]


# --- arrows -------------------------------------------------------------------------------------


def arrow(points, **options):
    picture = Drawing(300, 300, "arrow", theme="light")
    picture.arrow(points, **options)
    return [steps(p) for p in read(picture).iter(f"{SVG}path")]


@pytest.mark.parametrize("angle", range(0, 360, 30))
def test_a_head_points_where_the_arrow_goes(angle):
    end = (150 + 100 * math.cos(math.radians(angle)), 150 + 100 * math.sin(math.radians(angle)))
    line, head = arrow([(150, 150), end])
    tip, a, b = (np.array(n) for _, n in head[:3])
    np.testing.assert_allclose(tip, end, atol=0.011)
    way = np.array(end) - 150
    base = (a + b) / 2 - tip
    assert base @ way < 0
    assert abs(base[0] * way[1] - base[1] * way[0]) < 3
    assert np.linalg.norm(a - tip) == pytest.approx(np.linalg.norm(b - tip), abs=0.03)
    last = np.array(line[-1][1])  # the line ends inside the head, not at its tip
    assert 0 < np.linalg.norm(last - tip) < np.linalg.norm(base)


def test_bent_and_curved_arrows():
    bent, _ = arrow([(0, 0), (100, 0), (100, 100)], corner=10)
    assert [kind for kind, _ in bent] == ["M", "L", "Q", "L"]
    assert bent[1][1] == [90, 0]
    assert bent[2][1] == [100, 0, 100, 10]
    curved, head = arrow([(0, 0), (80, 100)], smooth="y")
    assert [kind for kind, _ in curved] == ["M", "C", "L"]
    assert curved[1][1][0] == 0  # leaves upright
    assert curved[1][1][2] == 80  # and arrives so
    assert head[0][1] == [80, 100]
    level, _ = arrow([(0, 0), (100, 80)], smooth="x")
    assert level[1][1][1] == 0
    assert level[1][1][3] == 80
    (alone,) = arrow([(0, 0), (50, 0)], head=False)
    assert alone[-1][1] == [50, 0]


# --- files and errors ---------------------------------------------------------------------------


def test_a_file_is_whole_and_stands_alone(tmp_path):
    file = tmp_path / "picture.SVG"
    assert painted().save(file) == str(file)
    assert file.read_bytes().startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<svg ')
    root = ElementTree.parse(file).getroot()  # noqa: S314
    assert root.get("viewBox") == "0 0 200 100"
    assert [p.name for p in tmp_path.iterdir()] == ["picture.SVG"]


def test_in_a_page_it_shrinks():
    assert 'style="max-width:100%;height:auto"' in painted()._repr_html_()
    ElementTree.fromstring(painted()._repr_html_())  # noqa: S314
    assert painted()._repr_svg_() == painted().svg()


ERRORS = [
    (ArgumentError, lambda: Drawing(10, 10, "x", theme="night"), "one of 'auto', 'light', 'dark'"),
    (ArgumentError, lambda: Drawing(10, 10, "x", direction="up"), "one of 'ltr', 'rtl'"),
    (ArgumentError, lambda: Drawing(math.nan, 10, "x"), "no finite number"),
    (ArgumentError, lambda: painted().rect(0, 0, math.inf, 1, fill="ink"), "no finite number"),
    (ArgumentError, lambda: painted().path([("M", math.nan, 1)], fill="ink"), "no finite number"),
    (ArgumentError, lambda: painted().rect(0, 0, 1, 1, fill="blu"), "did you mean 'blue'?"),
    (ArgumentError, lambda: painted().rect(0, 0, 1, 1, fill='"/><script>'), "unknown value"),
    (ArgumentError, lambda: painted().circle(0, 0, 1, colour="ink"), "received: colour"),
    (FileError, lambda: painted().save("picture.png"), "give a name that ends in .svg"),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS)
def test_errors(kind, call, text):
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


def test_curves_of_a_history_are_drawings():
    text = history_html({"loss": [0.9, math.nan, 0.4], "<b>": [1.0]}).replace("<br>", "")
    pictures = re.findall("(?s)<svg.*?</svg>", text)
    assert len(pictures) == 2
    first = ElementTree.fromstring(pictures[0])  # noqa: S314
    assert first.find(f"{SVG}title").text == "loss over the epochs"
    assert len(list(first.iter(f"{SVG}circle"))) == 1
