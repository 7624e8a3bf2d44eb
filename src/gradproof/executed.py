"""The cells that a notebook has run so far, joined as one program.

What one cell imports or defines is known in the next, so they are read
together, in the order in which they ran.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .files import SourceText
from .finding import Place

BOOK = "notebook"
"""What stands for the path of the joined text."""

_MAGIC_CALL = "get_ipython().run_cell_magic("
"""How IPython runs what stands below `%%name`; that may be a cell of its own."""


@dataclass(frozen=True)
class ExecutedCells:
    """What IPython has run.

    Attributes:
        text: Of all cells that are Python.
        before: For the file that IPython calls the code of a cell by, the
            number of lines before it in the text.
        names: What IPython calls a cell, by its number in the text.
    """

    text: SourceText = field(default_factory=lambda: SourceText(BOOK, ""))
    before: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)

    def located(self, place: Place) -> Place:
        """A place in the code of a cell as one in the joined text."""
        before = self.before.get(os.path.abspath(place.path))
        if before is None:
            return place
        first, last = before + place.span.line, before + place.span.end_line
        return Place(BOOK, replace(place.span, line=first, end_line=last))

    def told(self, words: str) -> str:
        """Names cells as tracebacks in notebooks do."""
        return re.sub(rf"\b{BOOK}:cell (\d+)", lambda found: self.names[int(found[1])], words)


def executed_cells() -> ExecutedCells:
    """What IPython has run so far; nothing where there is no IPython."""
    lines: list[str] = []
    cells: list[tuple[int, int]] = []
    before: dict[str, int] = {}
    names: dict[int, str] = {}
    for path, entry in list(linecache.cache.items()):
        if len(entry) != 4 or not ("ipython-input" in path or "ipykernel" in path):
            continue
        source = "".join(entry[2])
        if source.startswith(_MAGIC_CALL) or not _is_python(source):
            continue
        name = _name(path)
        number = _number(name, names)
        names[number] = name
        before[os.path.abspath(path)] = len(lines)
        here = source.split("\n")
        lines += here
        cells += [(number, row) for row in range(1, len(here) + 1)]
    return ExecutedCells(SourceText(BOOK, "\n".join(lines), tuple(cells)), before, names)


def _name(path: str) -> str:
    """`Cell In[4]`; the path where IPython has no name for it."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    named = getattr(getattr(shell, "compile", None), "format_code_name", None)
    return " ".join((named and named(path)) or (path,))


def _number(name: str, taken: Mapping[int, str]) -> int:
    """The one in its name; another one if that is taken, or there is none."""
    found = re.search(r"\[(\d+)\]$", name)
    number = int(found[1]) if found else 0
    return number if number and number not in taken else max(taken, default=0) + 1


def _is_python(source: str) -> bool:
    try:
        compile(source, BOOK, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
