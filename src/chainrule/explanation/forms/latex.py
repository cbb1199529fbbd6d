"""Formulas, and whole explanations, as LaTeX that needs amsmath and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..formula import Leaf, Style
from ..steps import PARTS, Cell, Line, Part, Table, Words
from .base import form
from .blanks import Gap
from .symbols import Sign, symbol, visible
from .text import is_text, table_texts

if TYPE_CHECKING:
    from ..explained import Explanation

__all__ = ["LaTeX", "document", "escaped", "part_latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "-": "{-}",
}  # fmt: skip
_SPECIAL |= {'"': "''", "'": "'"}  # the fonts that every LaTeX has know no straight quotes
_MATH = {
    "−": "-", "·": r"\cdot", "×": r"\times", "±": r"\pm", "½": r"\tfrac12", "¼": r"\tfrac14",
    "²": "^2", "³": "^3", "∂": r"\partial", "Σ": r"\Sigma", "√": r"\surd", "∞": r"\infty",
    "→": r"\to", "←": r"\leftarrow", "≤": r"\le", "≥": r"\ge", "≈": r"\approx", "≠": r"\ne",
    "✓": r"\surd", "✗": r"\times", "′": "'", "∈": r"\in", "∇": r"\nabla", "⊙": r"\odot",
    "ᵗ": "^t", "ᵀ": "^T", "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta",
    "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta", "λ": r"\lambda", "μ": r"\mu",
    "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "φ": r"\varphi", "ω": r"\omega",
    "Δ": r"\Delta", "Γ": r"\Gamma", "Λ": r"\Lambda", "Φ": r"\Phi", "Ω": r"\Omega",
    "⟨": r"\langle", "⟩": r"\rangle", "⌊": r"\lfloor", "⌋": r"\rfloor", "≪": r"\ll", "≫": r"\gg",
}  # fmt: skip
_MATH |= {c: f"_{n}" for n, c in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_MATH |= {c: f"^{n}" for n, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹") if c not in "²³"} | {"⁻": "^-"}
_TEXT = {"…": r"\ldots{}", "–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''"}
_ACCENT = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0308": r"\"",
    "\u030a": r"\r", "\u030c": r"\v", "\u0327": r"\c",
}  # fmt: skip
_KNOWN = {"ln": r"\ln", "tanh": r"\tanh", "cosh": r"\cosh", "max": r"\max",
          "sign": r"\operatorname{sign}", "erf": r"\operatorname{erf}"}  # fmt: skip
_WIDE = 82  # characters of a name and a formula, as plain text, that fit on a line
_SIZES = ((78, ""), (96, r"\footnotesize "), (110, r"\scriptsize "), (10**9, r"\tiny "))


def escaped(text: object) -> str:
    r"""Text that LaTeX prints as it is, whatever stands in it.

    Letters that its fonts do not know are written by their code.

    Example:
        >>> print(escaped(r"$\input{x}$ ≤ é"), escaped("层"))
        \$\textbackslash{}input\{x\}\$ $\le$ {\'e} $\langle$U+5C42$\rangle$
    """
    parts = re.split("([A-Za-z][\u0302-\u0304])", visible(text))  # m̂ is two characters
    return "".join(
        f"${sign(symbol(part))}$" if k % 2 else "".join(map(_character, part))
        for k, part in enumerate(parts)
    )


def _character(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    if " " <= c <= "~":
        return c
    if c in _MATH:
        return f"${_MATH[c]}$"
    if c in _TEXT:
        return _TEXT[c]
    base, *marks = unicodedata.normalize("NFD", c)
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENT:
        return "{" + _ACCENT[marks[0]] + ("" if marks[0] < "\u030a" else " ") + base + "}"
    return rf"$\langle$U+{ord(c):04X}$\rangle$"


def number_latex(text: str) -> str:
    r"""A number in mathematics.

    Example:
        >>> number_latex("-4.2e-09")
        '-4.2\\cdot10^{-9}'
    """
    text = text.replace("∞", r"\infty ").replace("nan", r"\mathrm{nan}")
    return re.sub(r"e([+-]\d+)$", lambda m: rf"\cdot10^{{{int(m[1])}}}", text)


class LaTeX(Style):
    r"""How a formula is written as LaTeX, inside of mathematics.

    Example:
        >>> from ..digits import Digits
        >>> print((Leaf("w5", 0.4) * (1 - Leaf("out_h1", 2.0))).write(LaTeX(Digits(6))))
        w_{5} \cdot \left(1 - \mathrm{out}_{h1}\right)
        >>> print((1 / Leaf("v̂", 0.5)).write(LaTeX(Digits(6))))
        \frac{1}{\hat{v}}
    """

    times = r" \cdot "
    stacked = raised = spread = True

    def name(self, leaf: Leaf) -> str:
        """A symbol, or a number that stands in the formula itself."""
        if not leaf.constant:
            return sign(symbol(leaf.name))
        text = re.sub(r"\^(\d+)", r"^{\1}", number_latex(visible(leaf.name)))
        plain = re.fullmatch(r"[-+*/(). \d^{}a-z\\]*", text)
        return text if plain else "".join(_in_math(c) for c in visible(leaf.name))

    def number(self, value: Any) -> str:
        """A number, or a gap."""
        if isinstance(value, Gap):
            return gap_latex(value)
        if isinstance(value, Fraction) and value.denominator != 1:
            sign_ = "-" if value < 0 else ""
            return rf"{sign_}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
        return number_latex(self.digits(value))

    def parens(self, text: str) -> str:
        """In parentheses that are as high as what they hold."""
        return rf"\left({text}\right)"

    def ratio(self, top: str, bottom: str) -> str:
        """One above the other."""
        return rf"\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: str) -> str:
        """Raised."""
        return f"{{{base}}}^{{{exponent}}}"

    def apply(self, function: str, arguments: list[str]) -> str:
        """exp as a power of e, roots and bars as such, anything else by its name."""
        inside = ", ".join(arguments)
        if function == "exp":
            return f"e^{{{inside}}}"
        if function == "sqrt":
            return rf"\sqrt{{{inside}}}"
        if function == "abs":
            return rf"\left|{inside}\right|"
        name = _KNOWN.get(function) or rf"\text{{{escaped(function)}}}"
        return f"{name}{self.parens(inside)}"

    def more(self, count: int, value: Any) -> str:
        """What a long sum leaves out."""
        text = rf"\text{{{count:,} more}}"
        return f"{text}\\colon {self.number(value)}" if self.numbers else text


def gap_latex(gap: Gap) -> str:
    """The label of a gap and room to write, or the answer; in mathematics."""
    label = rf"\text{{({gap.label})}}"
    if gap.kind == "open":
        return rf"{label}\,\underline{{\hspace{{18mm}}}}"
    return rf"{label}\;\boldsymbol{{{number_latex(gap.answer)}}}" if gap.kind == "key" else label


def _in_math(c: str) -> str:
    """A character inside of mathematics."""
    return f"{_MATH[c]} " if c in _MATH else c if c.isascii() and c.isalnum() else (
        rf"\text{{{escaped(c)}}}"
    )  # fmt: skip


def sign(s: Sign) -> str:
    """A symbol, inside of mathematics."""
    if s.kind in ("letter", "number"):
        return "".join(_in_math(c) if c not in ",." else c for c in s.text).strip()
    if s.kind == "operator":
        return s.text if s.text in "/=+-" else r"\cdot"
    if s.kind == "text":
        if re.fullmatch("[A-Za-z]{2,}", s.text):
            return rf"\mathrm{{{s.text}}}"
        return s.text if re.fullmatch(r"[()\d]+", s.text) else rf"\text{{{escaped(s.text)}}}"
    if s.kind == "row":
        return " ".join(_tight(s.parts)).replace(r"\partial  ", r"\partial ")
    if s.kind == "ratio":
        top, bottom = (sign(p) for p in s.parts if p is not None)
        return rf"\frac{{{top}}}{{{bottom}}}"
    if s.kind == "scripts":
        base, low, high = s.parts
        text = sign(base) if base is not None else ""
        text += f"_{{{sign(low)}}}" if low is not None else ""
        return text + (f"^{{{sign(high)}}}" if high is not None else "")
    inside = "".join(sign(p) for p in s.parts if p is not None)
    return rf"\{s.kind}{{{inside}}}"


def _tight(parts: Sequence[Sign | None]) -> Iterator[str]:
    """Parts of a row; letters and numbers of one subscript stand without a blank."""
    texts = [sign(p) for p in parts if p is not None]
    kinds = [p.kind for p in parts if p is not None]
    if kinds == ["letter", "number"]:
        yield "".join(texts)
    else:
        yield from (r"\ " if t == r"\text{}" or not t.strip() else t for t in texts)


# --- documents ----------------------------------------------------------------------------------


def document(explanation: Explanation, more: bool = True, weight: str | None = None) -> str:
    """A complete document of the nine parts, or of one weight."""
    title = escaped(f"One training step of {explanation.say.recording.model.name}")
    parts = explanation.parts if weight is None else (explanation.weight(weight),)
    body = "\n".join(part_latex(p, explanation.say.digits, more) for p in parts)
    return (
        "\\documentclass[11pt,a4paper]{article}\n"
        "\\usepackage{amsmath}\n"
        "\\addtolength{\\textwidth}{34mm}\\addtolength{\\oddsidemargin}{-17mm}\n"
        "\\addtolength{\\textheight}{40mm}\\addtolength{\\topmargin}{-20mm}\n"
        "\\setlength{\\parindent}{0pt}\\setlength{\\parskip}{4pt}\\sloppy\\allowdisplaybreaks\n"
        "\\setcounter{secnumdepth}{0}\\renewcommand{\\arraystretch}{1.25}\n"
        f"\\title{{{title}}}\\author{{}}\\date{{}}\n"
        f"\\begin{{document}}\n\\maketitle\n{body}"
        "\\bigskip\\emph{Computed with all digits, rounded only here.}\n\\end{document}\n"
    )


def part_latex(part: Part, digits: Any, more: bool = True) -> str:
    """A section: sentences, aligned formulas, tables."""
    out = []
    if part.key in PARTS:
        head = f"{part.number} {part.title.capitalize()}"
        out.append(rf"\section{{{head}: {escaped(PARTS[part.key])}}}")
    items = [i for i in part.items if more or not i.more]
    block: list[Line] = []
    for item in [*items, None]:
        if isinstance(item, Line):
            block.append(item)
            continue
        if block:
            out.append(_aligned(block, LaTeX(digits)))
        block = []
        if isinstance(item, Words):
            out.append(_words(item))
        elif isinstance(item, Table):
            out.append(_table(item, digits))
    if not items:
        out.append("Nothing.")
    return "\n".join(out) + "\n"


def _words(words: Words) -> str:
    ref = rf"\textbf{{{escaped(words.ref)}}}: " if words.ref else ""
    text = ref + escaped(words.text)
    if words.kind == "heading":
        return rf"\textbf{{{text}}}\par"
    return (rf"$\bullet$ {text}" if words.kind == "note" else text) + r"\par"


def _aligned(block: Sequence[Line], style: LaTeX) -> str:
    room = _WIDE - max(max(map(len, line.name.split("/∂"))) for line in block)
    rows = [row for line in block for row in _rows(line, style, max(room, 30))]
    whole = "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
    filled = Style(style.digits, numbers=True)
    parts = [line.formula.pieces(filled) for line in block if line.formula is not None]
    widest = max((len(piece) for pieces in parts for piece in pieces), default=0)
    return f"{{\\footnotesize{whole}}}" if widest > room - 4 else whole  # that cannot be broken


def _rows(line: Line, style: LaTeX, room: int) -> list[str]:
    """name = symbols = numbers = value: on one line, or on one for each, or folded."""
    sides: list[tuple[list[str], list[int]]] = []  # pieces, and how long each is as plain text
    if line.formula is not None:
        for numbers in (False, True):
            pieces = line.formula.pieces(type(style)(style.digits, numbers))
            plain = line.formula.pieces(Style(style.digits, numbers))
            if not sides or sides[-1][0] != pieces:
                sides.append((pieces, list(map(len, plain))))
    result = [style.number(line.value)] if line.value is not None else [""]
    if not sides or sides[-1][0] != result:
        sides.append((result, [len(result[0])]))
    rows, row, used = [], sign(symbol(line.name)), 0
    for k, (pieces, long) in enumerate(sides):
        if k and used + sum(long) > room:
            rows.append(row)
            row, used = "", 0
        used += sum(long)
        row += (" &= " if "&" not in row else " = ") + _fold(pieces, long, room)
    if line.note:
        note = rf"\quad\text{{({escaped(line.note)})}}"
        if used + len(line.note) > room:
            rows.append(row)
            row = " &"
        row += note
    return [*rows, row]


def _fold(pieces: Sequence[str], long: Sequence[int], room: int) -> str:
    """Broken before a term where it is too long for a line."""
    lines, used = [""], 0
    for piece, size in zip(pieces, long, strict=True):
        if used and used + size > room:
            lines.append("")
            used = 0
        lines[-1] += piece
        used += size
    return " \\\\\n &\\qquad ".join(lines)


def _size(columns: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    """Of the letters of a table, so that it fits on the page."""
    wide = sum(max(map(len, [head, *c])) + 2 for head, c in zip(heads, columns, strict=True))
    return next(s for most, s in _SIZES if wide <= most)


def _table(table: Table, digits: Any, most: int = 24) -> str:
    """Columns of numbers to the right; a long table in pieces that fit on a page."""
    columns = table_texts(table, digits)
    marks = [all(is_text(row[k]) for row in table.rows) for k in range(len(table.columns))]
    layout = "l" + "".join("l" if text else "r" for text in marks[1:])
    head = " & ".join(_head(c) for c in table.columns)
    head += (r"\rule[-1.4ex]{0pt}{4ex}" if r"\frac" in head else "") + r" \\ \hline"
    rows = []
    for r in range(len(table.rows)):
        first, *others = (column[r] for column in columns)
        cells = [f"${sign(symbol(first))}$" if first.strip() else ""]
        cells += [
            _text_cell(cell, text) if is_text(cell) else f"${number_latex(text)}$" if text else ""
            for text, cell in zip(others, table.rows[r][1:], strict=True)
        ]
        rows.append(" & ".join(cells) + r" \\")
    out = [f"{escaped(table.title)}\\par\\nopagebreak"] if table.title else []
    for start in range(0, max(len(rows), 1), most):
        body = "\n".join([head, *rows[start : start + most]])
        whole = rf"\begin{{tabular}}{{{layout}}}" + f"\n{body}\n" + r"\end{tabular}"
        out.append(f"{{{_size(columns, table.columns)}{whole}\\par}}\\medskip")
    if table.total:
        out.append(rf"\ldots{{}} and {table.total - len(table.rows):,} more rows\par")
    return "\n".join(out)


def _text_cell(cell: Any, text: str) -> str:
    value = cell.value if isinstance(cell, Cell) else cell
    return f"${gap_latex(value)}$" if isinstance(value, Gap) else escaped(text)


def _head(text: str) -> str:
    """The name of a column: a symbol where it is one."""
    found = symbol(text.strip()) if " " not in text.strip() else None
    return f"${sign(found)}$" if found is not None and found.kind != "text" else escaped(text)


@form("latex", ".tex")
def _form(explanation: Any, more: bool, weight: str | None) -> str:
    return document(explanation, True, weight)
