"""Edits in the bytes of a file: encoding, line ends and cells are kept."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence

from ..editing import Unfit, edited
from ..files import Unreadable, source_text
from ..finding import Edit


def mended_bytes(data: bytes, path: str, edits: Sequence[Edit]) -> bytes:
    """The bytes of a file with edits made.

    Args:
        data: The whole file, a program or a notebook.
        path: Its name; the ending tells a notebook.
        edits: All of this file, in places as they are shown.

    Raises:
        Unfit: The edits don't fit the file, or its encoding can't hold them.
    """
    if path.endswith(".ipynb"):
        return _notebook(data, path, edits)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        raise Unfit("it is no text in a known encoding") from None
    try:
        return edited(text, edits).encode(encoding)
    except UnicodeEncodeError as problem:
        raise Unfit(f"its encoding {problem.encoding} can't hold the mend") from None


def _notebook(data: bytes, path: str, edits: Sequence[Edit]) -> bytes:
    from .notebooks import cell_sources, with_sources

    marked = data.startswith(b"\xef\xbb\xbf")
    try:
        raw = data.decode("utf-8-sig")
        sources = cell_sources(raw)
        shown = source_text(data, path, path)
    except (ValueError, KeyError, TypeError, Unreadable):
        raise Unfit("it is no notebook that can be read") from None
    new: dict[int, str] = {}
    for cell in dict.fromkeys(edit.place.cell or 0 for edit in edits):
        if not 1 <= cell <= len(sources):
            raise Unfit(f"it has no cell {cell}")
        here = [edit for edit in edits if edit.place.cell == cell]
        _refuse_magic(sources[cell - 1].text, shown.lines(cell), here)
        new[cell] = edited(sources[cell - 1].text, here)
    return with_sources(raw, new).encode("utf-8-sig" if marked else "utf-8")


def _refuse_magic(text: str, read: Sequence[str], edits: Sequence[Edit]) -> None:
    """Refuses to replace lines that were read as something else.

    Lines that only a notebook understands are read as `pass`; an edit that
    spans one would put the `pass` in its place.
    """
    written = text.replace("\r\n", "\n").split("\n")
    for edit in edits:
        span = edit.place.span
        lines = range(span.line - 1, min(span.end_line, len(written), len(read)))
        if any(written[line] != read[line] for line in lines):
            raise Unfit("it would change a line that only a notebook understands")
