"""Changes of files as a unified diff."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from .paint import Paint, plain

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def unified(path: str, before: str, after: str, paint: Paint = plain) -> str:
    """One file as `diff -u` shows it, for `patch -p1`; empty if it is the same.

    Args:
        path: As it is shown.
        before: Its text.
        after: Its text as it is to be.
        paint: Colours.
    """
    return "".join(_painted(list(_diff(path, before, after)), paint))


def _diff(path: str, before: str, after: str) -> Iterator[str]:
    old, new = _LINE.findall(before), _LINE.findall(after)
    for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _painted(lines: Sequence[str], paint: Paint) -> Iterator[str]:
    for line in lines:
        role = {"+": "added", "-": "removed", "@": "second"}.get(line[:1])
        body = line[:-1]
        if line.startswith(("+++", "---")):
            yield paint(body, "strong") + "\n"
        else:
            yield paint(body, role) + "\n" if role else line
