"""Reading a drawing again: its texts, nodes and lines, by the measure, to see what touches what."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

import chainrule
from chainrule.svg import text_width

HOME = Path(chainrule.__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"


def read(picture):
    return ElementTree.fromstring(picture.svg())  # noqa: S314 - what we wrote ourselves


def rect(element):
    return tuple(float(element.get(k)) for k in ("x", "y", "width", "height"))


def text_box(element):
    """(left, top, right, bottom) of a text, by the measure."""
    size, x, y = (float(element.get(k)) for k in ("font-size", "x", "y"))
    wide = text_width(element.text, size, element.get("font-weight") == "bold")
    right = element.get("text-anchor") == "end"
    if element.get("direction") == "rtl" and element.get("text-anchor") != "middle":
        right = not right
    left = x - wide / 2 if element.get("text-anchor") == "middle" else x - wide * right
    return left, y - 0.75 * size, left + wide, y + 0.2 * size


def texts(tree):
    return [t for t in tree.iter(f"{SVG}text") if t.text]


def apart(a, b, slack=0.01):
    return (
        a[2] <= b[0] + slack or b[2] <= a[0] + slack or a[3] <= b[1] + slack or b[3] <= a[1] + slack
    )


def within(inner, outer, slack=0.01):
    low = all(inner[k] >= outer[k] - slack for k in (0, 1))
    return low and all(inner[k] <= outer[k] + slack for k in (2, 3))


def steps(path):
    """[(letter, numbers)] of a path."""
    found = re.findall(r"([MLQCZ])([^MLQCZ]*)", path.get("d"))
    return [(letter, [float(n) for n in numbers.split()]) for letter, numbers in found]


def points_of(path, count=40):
    """Many points (x, y) along a path, a row each: its straight parts and its curves."""
    found, here, t = [], None, np.linspace(0, 1, count + 1)[:, None]
    for letter, n in steps(path):
        if letter == "Z":
            continue
        corners = [here] if here is not None and letter != "M" else []
        corners += list(np.reshape(n, (-1, 2)))
        here = corners[-1]
        if letter == "M":
            continue
        while len(corners) > 1:  # De Casteljau: between neighbours, until one point is left
            corners = [a + (b - a) * t for a, b in itertools.pairwise(corners)]
        found.append(corners[0])
    return np.concatenate(found)


def lines(tree):
    """Paths that are seen and not filled."""
    return [
        p
        for p in tree.iter(f"{SVG}path")
        if p.get("fill") == "none" and p.get("opacity") != "0" and p.get("stroke")
    ]


def places(tree):
    return [g.get("data-at") for g in tree.iter(f"{SVG}g") if g.get("data-at") is not None]


def number_texts(tree):
    """data-value -> the text in its group."""
    groups = [g for g in tree.iter(f"{SVG}g") if g.get("data-value") is not None]
    found = {g.get("data-value"): "".join(g.itertext()) for g in groups}
    assert len(found) == len(groups), "each number stands once"
    return found


def check_clear(picture, over=lambda line: False):
    """Texts stand on the paper, touch no other text, and no line runs through them."""
    tree = read(picture)
    paper = (0, 0, picture.width, picture.height)
    boxes = [(text_box(t), t.text) for t in texts(tree)]
    assert boxes
    for box, text in boxes:
        assert within(box, paper), text
    for (a, text), (b, other) in itertools.combinations(boxes, 2):
        assert apart(a, b), (text, other)
    for line in lines(tree):
        if over(line):
            continue
        x, y = points_of(line).T
        for box, text in boxes:
            inside = (box[0] < x) & (x < box[2]) & (box[1] < y) & (y < box[3])
            assert not inside.any(), f"a line runs through {text!r}"
    return tree


def printed_by_processes(code):
    """What a program prints, in processes whose sets and dictionaries of words are ordered otherwise."""
    return {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(HOME)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
