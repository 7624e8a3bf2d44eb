"""A list of the faults that old code has, so that only new ones are reported."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .answer import Lines
from .fault import Diagnosis
from .files import Unreadable

VERSION = 1

_DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)")

Key = tuple[str, str, str, str]
"""Name of the fault, path, enclosing function, text of the line."""


@dataclass(frozen=True)
class Compared:
    """Diagnoses held against a baseline.

    Attributes:
        new: Those that are not in it.
        old: Number of those that are.
        stale: Number of its entries that were not found again.
    """

    new: tuple[Diagnosis, ...]
    old: int
    stale: int


def write(path: str, diagnoses: Iterable[Diagnosis], lines: Lines) -> int:
    """Writes a baseline of these diagnoses; says how many entries it has.

    Raises:
        Unreadable: The file can't be written.
    """
    counts = Counter(_key(diagnosis, path, lines) for diagnosis in diagnoses)
    entries = [
        {"fault": fault, "path": where, "in": scope, "line": text, "count": count}
        for (fault, where, scope, text), count in sorted(counts.items())
    ]
    form = {"version": VERSION, "faults": entries}
    try:
        Path(path).write_text(
            json.dumps(form, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise Unreadable(f"{path}: can't be written ({reason})") from None
    return sum(counts.values())


def read(path: str) -> Counter[Key]:
    """The entries of a baseline, with how often each is expected.

    Raises:
        Unreadable: There is none, or it is not one of ours.
    """
    try:
        form = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise Unreadable(
            f"{path}: can't be read ({reason}); `--write-baseline {path}` makes a baseline"
        ) from None
    except (ValueError, RecursionError):
        raise Unreadable(f"{path}: not a baseline, it is no JSON") from None
    try:
        version = form["version"]
        entries = Counter(
            {
                (_text(one["fault"]), _text(one["path"]), _text(one["in"]), _text(one["line"])): (
                    _count(one["count"])
                )
                for one in form["faults"]
            }
        )
    except (KeyError, TypeError):
        raise Unreadable(f"{path}: not a baseline of gradproof") from None
    if version != VERSION:
        raise Unreadable(
            f"{path}: a baseline of version {version!r}, this gradproof reads version {VERSION}"
        )
    return entries


def compare(
    path: str, known: Counter[Key], diagnoses: Sequence[Diagnosis], lines: Lines, looked: set[str]
) -> Compared:
    """Takes out what a baseline knows.

    Args:
        path: Of the baseline; paths in it count from its folder.
        known: What `read` gave.
        diagnoses: What was found.
        lines: Gives the source lines of a file.
        looked: Absolute paths of the files that were read.
    """
    left = known.copy()
    new = []
    for diagnosis in diagnoses:
        key = _key(diagnosis, path, lines)
        if left[key] > 0:
            left[key] -= 1
        else:
            new.append(diagnosis)
    folder = os.path.dirname(os.path.abspath(path))
    stale = 0
    for (_, where, _, _), count in left.items():
        whole = os.path.normpath(os.path.join(folder, where))
        # What was not read this time may still be there.
        if count > 0 and (whole in looked or not os.path.exists(whole)):
            stale += count
    return Compared(tuple(new), len(diagnoses) - len(new), stale)


def _key(diagnosis: Diagnosis, baseline: str, lines: Lines) -> Key:
    place = diagnosis.place
    if place is None:
        return diagnosis.fault.name, "", "", ", ".join(diagnosis.variables)
    folder = os.path.dirname(os.path.abspath(baseline))
    path = os.path.relpath(os.path.abspath(place.path), folder).replace(os.sep, "/")
    source = lines(place.path, place.cell)
    return diagnosis.fault.name, path, enclosing(source, place.line), _line(source, place.line)


def _line(source: Sequence[str], line: int) -> str:
    """The text of a line without what only formatting changes."""
    text = source[line - 1] if 0 < line <= len(source) else ""
    return " ".join(text.split())


def enclosing(source: Sequence[str], line: int) -> str:
    """Dotted name of the functions and classes around a line."""
    names: list[str] = []
    depth = 10**6
    for text in reversed(source[:line]):
        bare = text.lstrip()
        if not bare or bare.startswith(("#", ")", "]", "}")):
            continue
        indent = len(text) - len(bare)
        if indent >= depth:
            continue
        match = _DEFINITION.match(text)
        if match:
            names.insert(0, match[1])
        depth = indent
        if depth == 0:
            break
    return ".".join(names)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value
