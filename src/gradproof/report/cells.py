"""What notebooks show: small tables of HTML, escaped, readable on light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from ..answer import Standing
from ..fault import STAGES

SHOWN_ROWS = 15
"""Rows of a table before the others are counted."""

STYLE = (
    "<style>"
    ".gradproof.gradproof{overflow-x:auto}"
    ".gradproof.gradproof table{border-collapse:collapse;font-size:90%;margin:.4em 0}"
    ".gradproof.gradproof :is(th,td){text-align:left;padding:.2em .6em;color:inherit;"
    "white-space:nowrap;border-bottom:1px solid rgba(128,128,128,.35)}"
    ".gradproof.gradproof td.at{text-align:center}"
    ".gradproof.gradproof td.lost{font-weight:bold;color:#e5484d}"
    ".gradproof.gradproof pre{font-size:90%;line-height:1.3;margin:.4em 0;overflow-x:auto;"
    "background:none;color:inherit;white-space:pre;"
    "font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}"
    ".gradproof.gradproof summary{cursor:pointer}"
    "</style>"
)
"""Only for what stands in an element of the class; colours that both themes can bear.

The class stands twice in each rule to come before what notebooks say of all that
is shown: numbers at the right, and text in no monospaced font.
"""

Stages = Sequence["bool | None"]
"""For each stage of the path whether it holds; `None` where it can't be said."""

MARKS = {True: ("at", "&#10003;", "holds"), None: ("at", "&middot;", "not known")}


class InShells:
    """What IPython prints in a terminal, where it can show no HTML: the text."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("..." if cycle else str(self))


def cell(*parts: str) -> str:
    """What one notebook cell shows, from parts that are HTML already."""
    return f'<div class="gradproof">{STYLE}{"".join(parts)}</div>'


def path_table(rows: Sequence[tuple[str, Stages, str]]) -> str:
    """One row a variable, one column a stage; the lost ones first.

    Args:
        rows: Path of the variable, its stages, and a few words.
    """
    if not rows:
        return ""
    ordered = sorted(rows, key=lambda row: False not in row[1])
    body = [
        [_code(name), *map(_mark, stages), f"<td>{escape(why)}</td>"]
        for name, stages, why in ordered[:SHOWN_ROWS]
    ]
    shown = table(["variable", *STAGES[:-1], ""], body)
    if len(rows) <= SHOWN_ROWS:
        return shown
    lost = sum(False in stages for _, stages, _ in ordered[SHOWN_ROWS:])
    return f"{shown}<p>and {len(rows) - SHOWN_ROWS} more, {lost} of them lost</p>"


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table; its cells are HTML already."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in body)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


def parts_table(parts: Sequence[tuple[str, str, str]]) -> str:
    """Where two steps part: stage, variable, sizes."""
    if not parts:
        return ""
    body = [
        [f"<td>{escape(stage)}</td>", _code(variable), f"<td>{escape(words)}</td>"]
        for stage, variable, words in parts[:SHOWN_ROWS]
    ]
    left = len(parts) - SHOWN_ROWS
    rest = f"<p>and {left} more</p>" if left > 0 else ""
    return table(["stage", "variable", "sizes"], body) + rest


def lines(words: str) -> str:
    """Text as it stands."""
    return f"<pre>{escape(words)}</pre>" if words.strip() else ""


def folded(blocks: Sequence[tuple[str, str]]) -> str:
    """Blocks of text under their headings, the first one open."""
    return "".join(
        f"<details{'' if number else ' open'}><summary>{escape(title)}</summary>"
        f"{lines(words)}</details>"
        for number, (title, words) in enumerate(blocks)
    )


def stages_of(standing: Standing) -> tuple[bool | None, ...]:
    """The stages that a variable passed, from how far it came."""
    names = STAGES[:-1]
    if standing.state == "moved":
        return tuple(True if name in names[:5] else None for name in names)
    if standing.stage is None:
        return (None,) * len(names)
    at = names.index(standing.stage) if standing.stage in names else len(names)
    return (*(True for _ in names[:at]), False, *(None for _ in names[at + 1 :]))[: len(names)]


def _mark(holds: bool | None) -> str:
    if holds is False:
        return '<td class="at lost">lost</td>'
    kind, sign, word = MARKS[holds]
    return f'<td class="{kind}" title="{word}">{sign}</td>'


def _code(name: str) -> str:
    return f"<td><code>{escape(name)}</code></td>"


def rows_of(standings: Sequence[Standing]) -> Iterator[tuple[str, Stages, str]]:
    """The rows of a table from the answer of a run."""
    for one in standings:
        yield one.variable, stages_of(one), one.why
