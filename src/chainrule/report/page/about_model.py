"""What the model is made of, how to use it, and what to type to get it again."""

from __future__ import annotations

from ...drawing import network
from ...errors import ChainruleError
from .findings import Findings
from .pieces import Html, code, paragraph, section, table

__all__ = ["about_model", "about_use"]

_SETTINGS = 40


def about_model(f: Findings) -> Html:
    """The diagram."""
    if f.model is None:
        return Html("")
    try:
        picture = network(f.model, "blocks")
    except ChainruleError as error:  # not built, or no layers: the page is worth having without
        return section("model", "The model", paragraph(f"It cannot be drawn: {error.problem}."))
    return section("model", "The model", Html(f'<div class="scroll">{picture.svg()}</div>'))


def about_use(f: Findings) -> Html:
    """Python, the command, settings."""
    parts = []
    if f.shell:
        parts += [paragraph("Type, with the name of a file of new rows:"), code(f.shell)]
    if f.python:
        parts += [paragraph("In Python:"), code(f.python)]
    if f.command:
        parts += [paragraph("To train it again:"), code(f.command)]
    if f.config:
        lines = [[name, str(value)] for name, value in list(f.config.items())[:_SETTINGS]]
        parts += [paragraph("Settings:"), table(["setting", "value"], lines, (), "plain")]
    return section("use", "Using it", *parts) if parts else Html("")
