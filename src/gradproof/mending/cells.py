"""What of a notebook is no Python, and is left out when it runs as a program."""

from __future__ import annotations

from collections.abc import Iterator

from ..files import PYTHON_MAGICS, SourceText, content, source_text
from .notebooks import cell_sources

SHOWN = 5
"""Left-out lines that are named before the others are counted."""


def left_out(path: str) -> list[str]:
    """A sentence about what of a program is no Python; none if all is.

    Raises:
        Unreadable: It can't be read.
    """
    if not path.endswith(".ipynb"):
        return []
    data = content(path, path)
    found = list(_left_out(data, source_text(data, path, path)))
    if not found:
        return []
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return [f"left out, for it is no Python: {', '.join(found[:SHOWN])}{more}"]


def _left_out(data: bytes, text: SourceText) -> Iterator[str]:
    for cell, source in enumerate(cell_sources(data.decode("utf-8-sig")), 1):
        written, read = source.text.replace("\r\n", "\n").split("\n"), text.lines(cell)
        magic = written[0].split()[0] if written[0].startswith("%%") else ""
        if magic and magic not in PYTHON_MAGICS:
            yield f"cell {cell} ({_clipped(written[0])})"
            continue
        for row, (line, python) in enumerate(zip(written, read, strict=True), 1):
            # Not the statement behind `%time`, nor the rest of a line that goes on below.
            if line != python and python.strip() == "pass" and not (magic and row == 1):
                yield f"cell {cell}:{row} ({_clipped(line)})"


def _clipped(line: str, width: int = 40) -> str:
    line = line.strip()
    return f"`{line}`" if len(line) <= width else f"`{line[: width - 4].rstrip()} ...`"
