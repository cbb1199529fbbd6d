"""`explain`: one training step of any network as a worked solution in nine parts."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..calls import answers
from ..errors import ArgumentError, DataError, FileError, choose
from ..files import path_of, write_atomically
from . import layers  # noqa: F401  (registers what explains each layer)
from .build import backward_part, forward_part, loss_part
from .context import EXPLAINERS, Context
from .exact import exact_parts
from .fitting import fitted
from .forms.base import ENDINGS, FORMS
from .forms.html import fragment, notebook, page
from .forms.json_form import json_text, values_of
from .forms.latex import document
from .forms.markdown import markdown
from .forms.text import part_lines
from .forms.worksheet import sheet_latex, sheet_of, sheet_page, sheet_text
from .formula import Style
from .notation import notation_of
from .recording import Recording
from .steps import PARTS, Part, Words
from .update import after_part, check_part, parameter_names, update_part
from .weight import find_weight, weight_items
from .why import network_part, notes_part, why_part

__all__ = ["Explanation", "explain"]

LONGEST = 80  # lines of the text, however large the network
SHORTER = (10**9, 16, 12, 8, 6, 5, 4, 3, 2)  # rows and lines that are kept of a block
DETAILS = ("auto", "neuron", "layer")


class Explanation:
    """A worked solution: nine parts, each of lines, tables and sentences.

    `print(explanation)` shows the short text; `text(more=True)` all of it.

    Args:
        say: names, digits and the recording behind it.
        extra: notes that stand before all others.
        exact: with fractions in place of decimals.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.layers.Input((1,)), cr.layers.Dense(1)])
        >>> model.set_weights([[[2.0]], [0.5]])
        >>> solution = cr.explain(model, [[3.0]], [[5.0]], loss="mse")
        >>> print(solution.text().splitlines()[2])
        2 LOSS  E = (t1 - a1_1)² = (5 - 6.5)² = 2.25
    """

    def __init__(self, say: Context, extra: Sequence[Words] = (), exact: bool = False) -> None:
        self.exact = exact
        self.say, self.stages, self.extra = say, fitted(say), list(extra)

    @functools.cached_property
    def parts(self) -> tuple[Part, ...]:
        """The nine parts, in order."""
        with np.errstate(all="ignore"):  # what is not finite is said, not warned of
            parts = self._made()
        return exact_parts(self.say, parts) if self.exact else parts

    def _made(self) -> tuple[Part, ...]:
        say, stages = self.say, self.stages
        made = [
            network_part(say),
            forward_part(say, stages),
            loss_part(say),
            backward_part(say, stages),
            check_part(say),
            update_part(say),
            after_part(say),
            why_part(say, stages),
        ]
        return (*made, notes_part(say, stages, self.extra))

    def weight(self, name: str) -> Part:
        """One weight: its path, the chain rule factor by factor, the check, the update.

        Args:
            name: `w5` in the notation, or `dense/kernel[0,1]`, or `dense/kernel:0,1`.

        Raises:
            ArgumentError: there is no weight of that name; with the nearest.
        """
        weight, at = find_weight(self.say, name)
        return Part("weight", tuple(weight_items(self.say, self.stages, weight, at)))

    def with_notes(self, notes: Sequence[Words]) -> Explanation:
        """The same with notes before all others."""
        return Explanation(self.say, notes, self.exact)

    def __getitem__(self, key: str) -> Part:
        for part in self.parts:
            if part.key == key:
                return part
        raise choose("part", key, PARTS, where="Explanation")

    @property
    def style(self) -> Style:
        """How its numbers are written in text."""
        return Style(self.say.digits)

    def text(
        self, more: bool = False, width: int = 80, weight: str | None = None, blank: Any = None,
        key: bool = False,
    ) -> str:  # fmt: skip
        """As plain text of at most `width` columns: the nine parts, one weight, or a worksheet.

        Args:
            more: also what the short text leaves out.
            width: of the text.
            weight: one weight in place of the nine parts.
            blank: a worksheet, with gaps in place of numbers: as in `html`.
            key: of a worksheet the answer key.
        """
        if blank is not None and blank is not False:
            _need_whole(weight)
            return sheet_text(sheet_of(self, blank, key), width)
        if weight is not None:
            return "\n".join(part_lines(self.weight(weight), self.style, True, width))
        out: list[str] = []
        for most in (10**9,) if more else SHORTER:
            out = []
            for part in self.parts:
                out += part_lines(part, self.style, more, width, most)
            if len(out) < LONGEST:
                break
        out.append("exact" if self.exact else "computed with all digits, rounded here")
        return "\n".join(out)

    def rendered(self, kind: str = "text", more: bool = False, weight: str | None = None) -> str:
        """In one of its forms: text, or what else is registered in `forms`."""
        if kind not in FORMS:
            raise choose("form", kind, FORMS, where="Explanation")
        return FORMS[kind](self, more, weight)

    def some_weight(self) -> str:
        """The name of a weight that can be asked for."""
        names = [n for n, _ in parameter_names(self.say).values()]
        if names:
            return names[0]
        first = self.say.recording.weights[0]
        return f"{first.path.replace('.', '/')}:{','.join('0' * first.before.ndim)}"

    def html(
        self, language: str = "en", weight: str | None = None, blank: Any = None, key: bool = False
    ) -> str:
        """One page for the projector: the arrow keys show one new number after the other.

        The network with its numbers is on top, the nine parts beneath. → and ←, space, the keys of
        a presenter, Home and End go through the numbers; a click or Enter on a node or an edge
        opens all that is said of it; `#w5` behind the address opens a weight, `#step=7` a step.
        Without scripts, and printed, everything is shown. The page loads nothing from elsewhere.

        Args:
            language: "en" or "ar".
            weight: one weight in place of the nine parts.
            blank: a worksheet to print in its place. Numbers become gaps (a), (b), …; inputs,
                weights, targets, the rate and formulas in symbols stay. True or "results" blanks
                every computed number; "forward", "loss", "backward", "update" or "after" a part,
                behind which nothing is shown; a list names parts and numbers: ["∂J/∂w5", "J"].
            key: of a worksheet the answer key: the same gaps, filled in.

        Raises:
            ArgumentError: a language that it does not speak, no such weight, or no such number to
                blank; a network too large for a worksheet.

        Example:
            >>> import chainrule as cr
            >>> solution = cr.explain([cr.layers.Dense(1)], [[3.0]], [[5.0]], loss="mse")
            >>> solution.html(blank=True).count('class="cr-room"')
            11
        """
        if blank is not None and blank is not False:
            _need_whole(weight)
            return sheet_page([sheet_of(self, blank, key, language)], language)
        return page(self, language, weight)

    def renamed(self, notation: str) -> Explanation:
        """The same in the names of another notation.

        Raises:
            ArgumentError: there is none of that name.
        """
        say = self.say
        names = notation_of(notation)
        other = Context(say.recording, names, say.digits.decimals, say.row, say.detail)
        return Explanation(other, self.extra, self.exact)

    def fragment(self, key: str, language: str = "en") -> str:
        """One part, or one weight, as HTML to embed: classes, and neither script nor style.

        Args:
            key: a part, such as "forward", or a weight, such as "w5".
            language: "en" or "ar".

        Raises:
            ArgumentError: there is no such part and no such weight.

        Example:
            >>> import chainrule as cr
            >>> model = cr.Sequential([cr.layers.Input((1,)), cr.layers.Dense(1)])
            >>> solution = cr.explain(model, [[3.0]], [[5.0]], loss="mse")
            >>> solution.fragment("loss").splitlines()[1][:32]
            '<section class="cr-part cr-loss"'
        """
        return fragment(self, key, language)

    def latex(
        self, more: bool = True, weight: str | None = None, blank: Any = None, key: bool = False
    ) -> str:
        """A complete LaTeX document of nine sections, which needs amsmath only.

        Args:
            more: also what the short text leaves out.
            weight: one weight in place of the nine parts.
            blank: a worksheet, with gaps in place of numbers: as in `html`.
            key: of a worksheet the answer key.
        """
        if blank is not None and blank is not False:
            _need_whole(weight)
            return sheet_latex(sheet_of(self, blank, key))
        return document(self, more, weight)

    def markdown(self, more: bool = False, weight: str | None = None) -> str:
        """As Markdown: lines in blocks of code, tables, notes.

        Args:
            more: also what the short text leaves out.
            weight: one weight in place of the nine parts.
        """
        return markdown(self, more, weight)

    def to_json(self, weight: str | None = None) -> str:
        """As JSON, every number with all its digits; `json.loads` gives dictionaries and lists.

        Within one `schema` names are only ever added:

        * `schema` 1, `chainrule` (the version), `model`, `notation`, `digits` (decimals of texts),
          `dtype`, `row` (that is worked in full, from 0), `rows`, `weight` (or null), `parts`.
        * A part: `key`, `number`, `title`, `about`, `items`.
        * An item is, by its `kind`, a `"line"`: `name`, `symbols` and `numbers` (the formula on
          both sides of its equal sign, or null), `value`, `text` (the value as it is printed),
          `at` (places in the network), `note`, `steps` (further formulas);
          a `"table"`: `title`, `columns`, `rows` of `name`, `cells` (`symbols`, `numbers`, `value`,
          `text`) and `at`, `total` (how many rows there are, should some be left out);
          or `"words"`: `text`, `role` ("text", "heading", "note", "ok", "bad"), `ref`, `at`.
          `more` says that the short text leaves it out.
        * A value is a number, null for text, or "NaN", "Infinity", "-Infinity". A fraction has
          `exact` beside it, such as "1/3".

        Args:
            weight: one weight in place of the nine parts.

        Example:
            >>> import json, chainrule as cr
            >>> model = cr.Sequential([cr.layers.Input((1,)), cr.layers.Dense(1)])
            >>> model.set_weights([[[2.0]], [0.5]])
            >>> solution = cr.explain(model, [[3.0]], [[5.0]], loss="mse")
            >>> line = json.loads(solution.to_json())["parts"][1]["items"][0]
            >>> line["symbols"], line["numbers"], line["value"]
            ('w1_11·x1 + b1_1', '2·3 + 0.5', 6.5)
        """
        return json_text(values_of(self, weight))

    def save(self, path: Any, weight: str | None = None) -> str:
        """Write it to a file, as a whole or not at all: .txt, .html, .tex, .json or .md.

        Args:
            path: its ending says the form; everything is written, however long.
            weight: one weight in place of the nine parts.

        Returns:
            The path.

        Raises:
            FileError: another ending, or the file could not be written.
        """
        name = path_of(path)
        ending = os.path.splitext(name)[1].lower()
        if ending not in ENDINGS:
            raise FileError(
                "the ending says the form", where=name, expected=", ".join(ENDINGS),
                received=ending or "a name without ending",
            )  # fmt: skip
        text = self.rendered(ENDINGS[ending], True, weight)
        write_atomically(name, (text.rstrip("\n") + "\n").encode())
        return name

    def _repr_html_(self) -> str:
        return notebook(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Explanation of {self.say.recording.model.name!r}: print it>"


def _need_whole(weight: str | None) -> None:
    if weight is not None:
        raise ArgumentError(
            "a worksheet is made of the whole step", where="Explanation", received="weight=",
            fix="leave out weight=, or name what is blanked: blank=['∂E/∂w1']",
        )  # fmt: skip


@answers
def explain(
    model: Any,
    x: Any,
    y: Any,
    loss: Any = None,
    optimizer: Any = None,
    notation: str = "standard",
    detail: str = "auto",
    digits: int | None = None,
    focus: int = 0,
    exact: bool = False,
) -> Explanation:
    """One training step on these rows as a worked solution, every number by the code that trains.

    Forward, loss, every gradient as a product of factors, a check by central differences, the
    update, the loss after it, and why gradients are as large as they are. The model is not
    changed: not its weights, its optimizer, its counters or its random state.

    Args:
        model: any model; it need not be compiled if `loss` is given.
        x: a few rows of inputs, as `fit` takes them.
        y: their targets.
        loss: in place of that of `compile`.
        optimizer: in place of that of `compile`; SGD if there is none.
        notation: `"standard"`, or the names of a deck: `"deck-000"` to `"deck-004"`.
        detail: `"neuron"` (every number), `"layer"` (sizes), or `"auto"`, by the number of weights.
        digits: decimals that are printed; 9 in a deck's notation, else 6.
        focus: the row of the batch that is worked in full.
        exact: exact fractions, where the network stays within them (linear and ReLU units,
            squared errors, SGD), of the decimals that were written: 0.1 is 1/10.

    Returns:
        An `Explanation`; print it.

    Raises:
        StateError: there is no loss.
        ArgumentError: an unknown notation or detail, or `exact` where numbers are irrational.
        DataError, ShapeError: rows that `fit` would refuse as well.

    Example:
        >>> import chainrule as cr
        >>> model = cr.Sequential([cr.layers.Input((1,)), cr.layers.Dense(1)])
        >>> model.set_weights([[[2.0]], [0.5]])
        >>> print(explain(model, [[3.0]], [[5.0]], loss="mse")["forward"].items[0].value)
        6.5
    """
    if detail not in DETAILS:
        raise choose("detail", detail, DETAILS, where="explain")
    names = notation_of(notation)
    if digits is not None and not 1 <= digits <= 15:
        raise ArgumentError("digits are from 1 to 15", where="explain", received=digits)
    if y is None:
        raise DataError(
            "the targets are missing",
            where="explain",
            fix="cr.explain(model, x, y): what x leads to",
        )
    recording = Recording(model, x, y, loss, optimizer, EXPLAINERS)
    if not 0 <= focus < recording.rows:
        raise ArgumentError(
            "there is no such row", where="explain", expected=f"focus from 0 to "
            f"{recording.rows - 1}", received=focus)  # fmt: skip
    decimals = digits or (9 if notation != "standard" else 6)
    say = Context(recording, names, decimals, focus, detail)
    made = Explanation(say, exact=exact)
    if exact:
        _ = made.parts  # what cannot be exact is refused here, not when it is printed
    return made
