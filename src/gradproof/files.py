"""Files: their bytes, and their text as Python source."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import tokenize
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from .finding import Place, Span

LARGEST = 5_000_000
"""Bytes of the largest file that is read; generated code is larger."""

INSTALLED = {"__pycache__", "node_modules", "site-packages", "dist-packages"}
"""Folders in which nobody keeps programs of their own."""

_PASSED_BY_SHELLS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")


class Unreadable(Exception):
    """A file can't be used as what it is meant for; the message is one sentence."""


@dataclass(frozen=True)
class SourceText:
    """The text of a program, its line ends made one.

    Attributes:
        path: As it is shown.
        text: Python; of a notebook all code cells, one after the other.
        cells: For each line of a notebook the cell that it stands in and the
            line within that cell; empty for other files.
    """

    path: str
    text: str
    cells: tuple[tuple[int, int], ...] = ()

    def lines(self, cell: int | None) -> list[str]:
        """Its lines, or those of one cell, without line ends."""
        lines = self.text.split("\n")
        if cell is None:
            return lines
        return [line for line, (here, _) in zip(lines, self.cells, strict=True) if here == cell]

    def placed(self, span: Span) -> Place:
        """A span of the text as a place in the file, or in a cell of the notebook."""
        if not self.cells or span.end_line > len(self.cells):
            return Place(self.path, span)
        cell, line = self.cells[span.line - 1]
        end_cell, end_line = self.cells[span.end_line - 1]
        end = end_line if end_cell == cell else line
        return Place(self.path, Span(line, span.column, end, span.end_column), cell)


def load(path: str, shown: str | None = None) -> SourceText:
    """Reads a file as Python source in the encoding that it declares.

    Args:
        path: Where it lies.
        shown: How it is called in what is said about it.

    Raises:
        Unreadable: It can't be opened, is too large, is no text, or is a
            broken notebook.
    """
    shown = shown or path
    return source_text(content(path, shown), path, shown)


def content(path: str, shown: str) -> bytes:
    """The bytes of a file.

    Args:
        path: Where it lies.
        shown: How it is called in what is said about it.

    Raises:
        Unreadable: It can't be opened, is too large, or is a device.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable(f"{shown}: a folder, not a program")
        # What a shell makes of `<(command)` is a pipe; any other may never end.
        if not stat.S_ISREG(mode) and not path.startswith(_PASSED_BY_SHELLS):
            raise Unreadable(f"{shown}: a device or a pipe, not a program")
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            size = max(os.path.getsize(path), len(data))
            raise Unreadable(
                f"{shown}: {size:,} bytes are more than a program has, the limit is {LARGEST:,}"
            )
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise Unreadable(f"{shown}: can't be read ({reason})") from None
    return data


def source_text(data: bytes, path: str, shown: str) -> SourceText:
    """The Python source in the bytes of a file.

    Args:
        data: The whole file.
        path: Where it lies; its ending says whether it is a notebook.
        shown: How it is called in what is said about it.

    Raises:
        Unreadable: It is no text, or a broken notebook.
    """
    if path.endswith(".ipynb"):
        return _notebook(data, shown)
    return SourceText(shown, _decoded(data, shown))


def _decoded(data: bytes, shown: str) -> str:
    if b"\0" in data:
        raise Unreadable(f"{shown}: a binary file, not Python source")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        raise Unreadable(
            f"{shown}: not valid UTF-8, and no other encoding is declared in its first two lines"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _notebook(data: bytes, shown: str) -> SourceText:
    import json  # programs need none of it

    try:
        cells = json.loads(data)["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable(f"{shown}: a broken notebook, it is no JSON with code cells") from None
    lines: list[str] = []
    where: list[tuple[int, int]] = []
    for number, source in enumerate(sources, 1):
        for row, line in enumerate(_python_only(source), 1):
            lines.append(line)
            where.append((number, row))
    return SourceText(shown, "\n".join(lines), tuple(where) or ((1, 1),))


PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%gradproof")
"""Magics above a cell that run it as Python, in the notebook's own names."""


_MAGIC = re.compile(r"\s*(?:%%?[A-Za-z_]|[!?])|\s*[\w., ]+=\s*[%!][A-Za-z]|[^#'\"]*\?\s*$")
"""A line for the notebook: a magic, one whose result gets a name, or a question."""

_TIMED = re.compile(r"(\s*)%time\s+(?=[^-\s])")
"""What stands before a statement that a notebook times, and runs as any other."""


def _python_only(source: str) -> list[str]:
    """The lines of a cell, with what only a notebook understands left out."""
    lines = source.replace("\r\n", "\n").split("\n")
    if lines[0].startswith("%%"):
        python = lines[0].split()[0] in PYTHON_MAGICS
        return ["pass", *(_python_lines(lines[1:]) if python else [""] * len(lines[1:]))]
    return _python_lines(lines)


def _python_lines(lines: list[str]) -> list[str]:
    # A line may begin with `%` in the middle of a statement, or in a string.
    if not any(map(_MAGIC.match, lines)) or _is_python("\n".join(lines)):
        return lines
    found = []
    goes_on = False
    for line in lines:
        magic = goes_on or bool(_MAGIC.match(line))
        if timed := not goes_on and _TIMED.match(line):
            found.append(timed[1] + line[timed.end() :])
            magic = False
        else:
            indent = line[: len(line) - len(line.lstrip())]
            found.append("" if goes_on else f"{indent}pass" if magic else line)
        goes_on = magic and line.rstrip().endswith("\\")
    return found


def _is_python(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "<cell>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def shown_path(path: str, start: str) -> str:
    """The path relative to a folder if it lies below it, else the whole."""
    whole = os.path.normpath(os.path.join(start, path))
    inside = whole.startswith(start.rstrip(os.sep) + os.sep)
    return os.path.relpath(whole, start) if inside else whole


def is_own(path: str, roots: Iterable[str]) -> bool:
    """Says whether a file is the user's own: below a root, not installed.

    Args:
        path: Absolute.
        roots: Folders of the program, absolute.
    """
    if not path.endswith((".py", ".ipynb")):
        return False
    if not any(path.startswith(root.rstrip(os.sep) + os.sep) for root in roots):
        return False
    installed = INSTALLED.intersection(path.split(os.sep)) or any(
        path.startswith(folder + os.sep) for folder in _installed_folders()
    )
    return not installed


def _installed_folders() -> tuple[str, ...]:
    return (os.path.dirname(os.__file__), os.path.dirname(os.path.abspath(__file__)))


def imported_files(roots: Iterable[str], known: set[str]) -> list[str]:
    """Absolute paths of the user's own modules imported since the last time.

    Args:
        roots: Folders of the program, absolute.
        known: Names of modules that were looked at before; grows.
    """
    roots = tuple(roots)
    below = tuple(root.rstrip(os.sep) + os.sep for root in roots)
    found: dict[str, None] = {}
    for name in sys.modules.keys() - known:
        known.add(name)
        # Never getattr: lazy modules load what they stand for when asked.
        try:
            path = object.__getattribute__(sys.modules[name], "__dict__").get("__file__")
        except (AttributeError, KeyError):
            continue
        if not isinstance(path, str) or not path.endswith(".py"):
            continue
        # Thousands of modules belong to the framework: only a look at each.
        whole = path if path.startswith(os.sep) else os.path.abspath(path)
        if whole.startswith(below) and is_own(whole, roots):
            found[os.path.normpath(whole)] = None
    return sorted(found)
