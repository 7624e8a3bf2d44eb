"""What the parts of gradproof hand to each other: places, edits, findings.

Standard library only; everything is a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Number = int | float
"""A measured value in a finding's evidence."""


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of source text; lines and columns start at 1.

    Columns count characters, not bytes. `end_column` is the column after the
    last character, as in `ast` plus one.
    """

    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __post_init__(self) -> None:
        if not self.end_line:
            object.__setattr__(self, "end_line", self.line)

    def overlaps(self, other: Span) -> bool:
        """Says whether the two spans share a line."""
        return self.line <= other.end_line and other.line <= self.end_line


@dataclass(frozen=True, order=True)
class Place:
    """A span in a file, or in a cell of a notebook (cells count from 1).

    A span whose `end_column` is 0 names whole lines: a watched run knows the
    line of an operation, not always its columns.
    """

    path: str
    span: Span
    cell: int | None = None

    def __hash__(self) -> int:
        # Stacks of places are looked up several times a watched step.
        return hash((self.path, self.span.line, self.cell))

    @property
    def line(self) -> int:
        """First line."""
        return self.span.line

    @property
    def words(self) -> str:
        """As sentences name it: `train.py:12`, `train.ipynb:cell 3:2`."""
        cell = f"cell {self.cell}:" if self.cell else ""
        return f"{self.path}:{cell}{self.line}"

    def overlaps(self, other: Place | None) -> bool:
        """Says whether the two are in one file, or cell, and share a line."""
        return (
            other is not None
            and (self.path, self.cell) == (other.path, other.cell)
            and self.span.overlaps(other.span)
        )


@dataclass(frozen=True)
class Related:
    """A second place that belongs to a finding, with a few words about it."""

    place: Place
    message: str


def second_places(
    *places: tuple[Place | None, str], but: Place | None = None
) -> tuple[Related, ...]:
    """Second places of a finding: those that are known and are not the first one.

    Args:
        places: Each with its few words.
        but: The finding's own place.
    """
    return tuple(
        Related(place, words) for place, words in places if place is not None and place != but
    )


@dataclass(frozen=True)
class Edit:
    """Replace the text at a place by `text`."""

    place: Place
    text: str


@dataclass(frozen=True)
class Fix:
    """A mend as text edits.

    `safe` means: same forward values and only one reading of what was meant.
    A fix without edits is advice in words.
    """

    title: str
    safe: bool
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One fault seen once, in source or in a run.

    Attributes:
        message: One sentence: what was seen, with numbers, steps and variable
            paths when it was measured.
        place: Where the cause stands; `None` when no line is known.
        label: A few words written beside the underlined source.
        related: Other places of the story, each with a few words.
        variables: Paths of the variables whose update is lost or wrong.
        step: First step at which it was seen, from 1; `None` for source.
        evidence: Measured values by name.
        fix: A mend, if there is one right reading or a best guess.
        level: Overrides the fault's own level.
        title: Overrides the fault's own title.
        symptoms: Names of faults that this very finding accounts for; they
            are folded under it where they concern the same variables.
        inferred: The place is about where it happens; where source knows the
            line, that is better.
    """

    message: str
    place: Place | None = None
    label: str = ""
    related: tuple[Related, ...] = ()
    variables: tuple[str, ...] = ()
    step: int | None = None
    evidence: Mapping[str, Number | str] = field(default_factory=dict)
    fix: Fix | None = None
    level: str | None = None
    title: str | None = None
    symptoms: tuple[str, ...] = ()
    inferred: bool = False


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names in backticks; beyond `most` a count."""
    unique = list(dict.fromkeys(names))
    shown = ", ".join(f"`{name}`" for name in unique[:most])
    rest = len(unique) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
