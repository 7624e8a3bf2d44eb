"""Puts new source into the cells of a notebook and leaves every other byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}:,]|[^\s\]\[{}:,"]+', re.DOTALL)


@dataclass(frozen=True)
class CellSource:
    """The `source` of a code cell in the JSON text.

    Attributes:
        start: Where its value begins, in characters of the JSON text.
        end: The character after its value.
        strings: The JSON strings that it is made of, as written.
        listed: Whether it is a list of lines, not one string.
    """

    start: int
    end: int
    strings: tuple[str, ...]
    listed: bool

    @property
    def text(self) -> str:
        """What the cell holds."""
        return "".join(json.loads(string) for string in self.strings)


def cell_sources(raw: str) -> list[CellSource]:
    """The sources of all code cells of a notebook, in order.

    Args:
        raw: JSON text of the notebook.

    Raises:
        ValueError: It is no notebook.
    """
    cells = json.loads(raw)["cells"]
    coded = [number for number, cell in enumerate(cells) if cell["cell_type"] == "code"]
    found = dict(_sources(raw))
    return [found[number] for number in coded]


def with_sources(raw: str, new: Mapping[int, str]) -> str:
    """The notebook with the source of some cells replaced.

    Args:
        raw: JSON text of the notebook.
        new: Number of a code cell, from 1, to its new text.

    Raises:
        ValueError: It is no notebook, or has no such cell.
    """
    sources = cell_sources(raw)
    for number in sorted(new, reverse=True):
        if not 1 <= number <= len(sources):
            raise ValueError(f"there is no cell {number}")
        source = sources[number - 1]
        raw = raw[: source.start] + _value(raw, source, new[number]) + raw[source.end :]
    return raw


def _sources(raw: str) -> Iterator[tuple[int, CellSource]]:
    """Number of a cell among all cells, and its source."""
    tokens = list(_TOKEN.finditer(raw))
    path: list[str | int] = []
    key = ""
    for place, found in enumerate(tokens):
        word = found[0]
        if word in "{[":
            here = path[-1] if path and isinstance(path[-1], int) else key
            path += [here, 0] if word == "[" else [here, "{"]
        elif word in "]}":
            del path[-2:]
        elif word == "," and path and isinstance(path[-1], int):
            path[-1] += 1
        elif word[0] == '"' and tokens[place + 1 : place + 2] and tokens[place + 1][0] == ":":
            key = json.loads(word)
            # Root object, list of cells, number of the cell, the cell.
            if key == "source" and len(path) == 6 and path[2] == "cells" and path[5] == "{":
                number = path[3]
                assert isinstance(number, int)
                yield number, _source(tokens, place + 2)


def _source(tokens: list[re.Match[str]], first: int) -> CellSource:
    start = tokens[first].start()
    if tokens[first][0] != "[":
        return CellSource(start, tokens[first].end(), (tokens[first][0],), False)
    last = first
    while tokens[last][0] != "]":
        last += 1
    strings = tuple(token[0] for token in tokens[first:last] if token[0][0] == '"')
    return CellSource(start, tokens[last].end(), strings, True)


def _value(raw: str, source: CellSource, text: str) -> str:
    """The new source, written in the manner of the old one."""
    ascii_only = raw.isascii() and "\\u" in raw
    known = {json.loads(string): string for string in source.strings}

    def written(line: str) -> str:
        return known.get(line) or json.dumps(line, ensure_ascii=ascii_only)

    if not source.listed:
        return written(text)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    old = raw[source.start : source.end]
    opening = old[1:].split('"', 1)[0] if source.strings else ""
    closing = re.search(r"\s*\]$", old)
    between = ","
    if len(source.strings) > 1:
        between = old[1 + len(opening) + len(source.strings[0]) :].split('"', 1)[0]
    elif "\n" in opening:
        between = "," + opening
    inside = between.join(written(line) for line in lines)
    return f"[{opening}{inside}{closing[0] if closing else ']'}"
