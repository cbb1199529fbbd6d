"""What all figures share: plain axes, a text for those who hear it, and files with equal bytes."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

import numpy as np

from ..checks import need_numbers
from ..errors import FileError
from ..files import path_of, write_atomically
from ..plots.base import COLOURS, axes_of, new_figure
from ..svg import Drawing
from .painter import painted

__all__ = ["BLACK", "COLOURS", "ENDINGS", "Animation", "content_of", "described", "ending_of"]
__all__ += ["need_rate"]
__all__ += ["need_whole", "panel", "save", "sheet"]

BLACK = "#1B1F24"
ENDINGS = ("svg", "png", "pdf", "gif")
_SALT = "chainrule"


# --- matplotlib ---------------------------------------------------------------------------------


def sheet(title: str, alt: str, width: float = 9.6, height: float = 4.6) -> Any:
    """An empty figure with its title above it, and the words for those who hear it."""
    figure = new_figure(width, height)
    figure.suptitle(title, fontsize=15, fontweight="bold", color=BLACK)
    return described(figure, title, alt)


def described(figure: Any, title: str, alt: str) -> Any:
    """The figure, with a title and a description that files carry."""
    figure.title, figure.description = title, alt
    return figure


def panel(figure: Any, *place: int, title: str = "", x: str = "", y: str = "") -> Any:
    """Axes in letters that are read from the last row."""
    axes = axes_of(figure, *place)
    axes.tick_params(labelsize=11, colors=BLACK)
    axes.set_title(title, fontsize=13, color=BLACK)
    axes.set_xlabel(x, fontsize=12, color=BLACK)
    axes.set_ylabel(y, fontsize=12, color=BLACK)
    return axes


# --- checks -------------------------------------------------------------------------------------


def need_rate(where: str, learning_rate: Any) -> None:
    """Raise unless it is a rate that one can go with."""
    need_numbers(f"figures.{where}", "a finite number above 0", lambda v: v > 0,
                 learning_rate=learning_rate)  # fmt: skip


def need_whole(where: str, most: int, least: int = 1, **named: Any) -> None:
    """Raise unless all are whole numbers from `least` to `most`."""
    expected = f"a whole number from {least} to {most:,}"
    need_numbers(
        f"figures.{where}", expected,
        lambda v: isinstance(v, (int, np.integer)) and bool(least <= v <= most), **named,
    )  # fmt: skip


# --- motion -------------------------------------------------------------------------------------


class Animation:
    """A figure that moves: `show(k)` changes it to frame k.

    Args:
        figure: a matplotlib figure with `title` and `description`.
        show: changes the figure to frame k.
        moving: what it changes; all else is drawn once.
        frames: how many there are.
        seconds: for which each is seen; the last one stays longer.

    Example:
        >>> import chainrule as cr
        >>> moving = cr.figures.animation("paths", steps=2)
        >>> moving.frames, moving.gif()[:6]
        (3, b'GIF89a')
    """

    def __init__(
        self, figure: Any, show: Callable[[int], None], moving: Sequence[Any], frames: int,
        seconds: float = 0.1,
    ) -> None:  # fmt: skip
        self.figure, self.show, self.moving = figure, show, moving
        self.frames, self.seconds = frames, seconds
        self.title, self.description = figure.title, figure.description

    def gif(self) -> bytes:
        """The animation as a GIF that begins again after its end.

        Example:
            >>> import chainrule as cr
            >>> moving = cr.figures.animation("paths", steps=1)
            >>> moving.gif() == moving.gif()
            True
        """
        from PIL import Image  # matplotlib needs it: it is there

        pictures = [Image.fromarray(frame) for frame in self._frames()]
        palette = pictures[-1].quantize(128, dither=Image.Dither.NONE)
        colours = np.array(palette.getpalette()).reshape(-1, 3)
        colours[colours.min(1) > 245] = 255  # paper stays white, not nearly so
        palette.putpalette(colours.ravel().tolist())
        pictures = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
        content = io.BytesIO()
        each = round(1000 * self.seconds)
        pictures[0].save(
            content, "GIF", save_all=True, append_images=pictures[1:], loop=0,
            duration=[each] * (self.frames - 1) + [2500], comment=self.title.encode(),
        )  # fmt: skip
        return content.getvalue()

    def _frames(self) -> Iterator[np.ndarray]:
        """Each frame (height, width, 3): the ground is painted once, the rest on a copy of it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(self.figure)
        for artist in self.moving:
            artist.set_animated(True)
        self.show(0)
        canvas.draw()
        ground = canvas.copy_from_bbox(self.figure.bbox)
        for k in range(self.frames):
            self.show(k)
            canvas.restore_region(ground)
            for artist in self.moving:
                self.figure.draw_artist(artist)
            yield np.asarray(canvas.buffer_rgba())[..., :3].copy()
        for artist in self.moving:  # as it was: a figure that is saved shows all of it
            artist.set_animated(False)

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.gif()).decode()
        words = escape(f"{self.title}. {self.description}", quote=True)
        return f'<img alt="{words}" src="data:image/gif;base64,{picture}">'


# --- files --------------------------------------------------------------------------------------


def content_of(picture: Any, ending: str) -> bytes:
    """A picture as the bytes of a file; the same bytes for the same picture.

    Raises:
        FileError: this picture has no such form.
    """
    if isinstance(picture, Animation):
        if ending != "gif":
            raise _no_form(picture, ending, "give a name that ends in .gif")
        return picture.gif()
    if ending == "gif":
        raise _no_form(picture, ending, "give a name that ends in .svg, .png or .pdf")
    if isinstance(picture, Drawing):
        if ending != "svg":
            picture = described(painted(picture), picture.title, picture.description)
        else:
            return ('<?xml version="1.0" encoding="UTF-8"?>\n' + picture.svg()).encode()
    return _of_figure(picture, ending)


def _of_figure(figure: Any, ending: str) -> bytes:
    import matplotlib

    title = getattr(figure, "title", "") or "chainrule"
    words = getattr(figure, "description", "")
    about: dict[str, dict[str, Any]] = {
        "svg": {"Title": title, "Description": words, "Date": None, "Creator": "chainrule"},
        "png": {"Title": title, "Description": words, "Software": "chainrule"},
        "pdf": {"Title": title, "Subject": words, "CreationDate": None, "Creator": "chainrule"},
    }
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": _SALT, "svg.fonttype": "path"}):
        figure.savefig(content, format=ending, metadata=about[ending])
    made = content.getvalue()
    return _spoken(made, words) if ending == "svg" else made


def _spoken(svg: bytes, words: str) -> bytes:
    """matplotlib's SVG with a description: it writes one that no screen reader looks for."""
    said = f"</title>\n <desc>{escape(words)}</desc>".encode()
    return svg.replace(b"<svg ", b'<svg role="img" ', 1).replace(b"</title>", said, 1)


def _no_form(picture: Any, ending: str, fix: str) -> FileError:
    kind = "an animation" if isinstance(picture, Animation) else "a picture that does not move"
    return FileError(f"this is {kind}, which has no form as .{ending}",
                     where=picture.title, fix=fix)  # fmt: skip


def save(picture: Any, path: Any) -> str:
    """Write a figure to a file, as a whole or not at all; returns its path.

    The same figure gives the same bytes: no date, no random names. An SVG file carries the title
    and a description for screen readers. As with `Drawing.save` and matplotlib's `savefig`, a file
    of this name is replaced.

    Args:
        picture: what `figure` or `animation` returned.
        path: ends in .svg, .png or .pdf, an animation's in .gif.

    Raises:
        FileError: another ending, a form that the picture does not have, or it could not be
            written.

    Example:
        >>> import os, tempfile
        >>> import chainrule as cr
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     os.path.basename(save(cr.figures.softmax(), folder + "/bars.svg"))
        'bars.svg'
    """
    name = path_of(path)
    write_atomically(name, content_of(picture, ending_of(name)))
    return name


def ending_of(name: str) -> str:
    """The ending of a file's name, without the point.

    Raises:
        FileError: no figure is written so.

    Example:
        >>> ending_of("surface.PNG")
        'png'
    """
    ending = os.path.splitext(name)[1].lower()[1:]
    if ending not in ENDINGS:
        raise FileError("a figure's form is told by the ending of its name", where=name,
                        expected=", ".join(f".{e}" for e in ENDINGS))  # fmt: skip
    return ending
