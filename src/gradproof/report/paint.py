"""Colours of terminals, and when to use them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

Paint = Callable[[str, str], str]
"""Takes a text and what it is: a level, `"mark"`, `"frame"`, `"strong"`..."""

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "advice": "1;36",
    "frame": "34",
    "strong": "1",
    "second": "36",
    "removed": "31",
    "added": "32",
}


def plain(text: str, role: str) -> str:
    """Leaves the text as it is."""
    return text


def coloured(text: str, role: str) -> str:
    """Wraps the text in the ANSI codes of its role."""
    return f"\x1b[{_CODES[role]}m{text}\x1b[0m" if text else text


def paint_for(stream: TextIO) -> Paint:
    """Colours on a terminal, unless `NO_COLOR` is set or it is a dumb one."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return coloured if wanted and not stream.closed and stream.isatty() else plain
