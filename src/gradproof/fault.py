"""A kind of fault with its page, and one diagnosed occurrence of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from .finding import Finding, Fix, Number, Place, Related

if TYPE_CHECKING:
    # The records are large; who shows a diagnosis needs none of them.
    from .evidence.loop import Loop
    from .evidence.run import Run

STAGES = (
    "tracked",
    "recorded",
    "differentiated",
    "applied",
    "moved",
    "repeated",
    "learned",
    "cost",
)
"""The path of an update; the first digit of a code is the place in it."""

LEVELS = ("error", "warning", "advice")
"""From worst to mildest."""


class Verdict(str, Enum):
    """How sure a diagnosis is."""

    SUSPECTED = "suspected"
    PROVEN = "proven"
    CLEARED = "cleared"


@dataclass(frozen=True)
class Fault:
    """A way in which updates get lost.

    Attributes:
        code: `GP` and three digits; the first one is the stage.
        name: Kebab-case; the module has the same name with underscores.
        page: The docstring of the fault's module.
        find: Reads source facts of one file.
        prove: Reads what a run did.
        settle: Weighs a finding of `find` against a run: returns the finding
            with measured words when the run shows it, `Verdict.CLEARED` when
            the run shows it to be fine, and `None` when it can't tell.
        level: How bad it is unless a finding says otherwise.
        symptoms: Names of faults that only follow from this one when they
            concern the same variables; folded under it.
    """

    code: str
    name: str
    page: str
    find: Callable[[Loop], Iterable[Finding]] | None = None
    prove: Callable[[Run], Iterable[Finding]] | None = None
    settle: Callable[[Finding, Run], Finding | Verdict | None] | None = None
    level: str = "error"
    symptoms: tuple[str, ...] = ()

    @property
    def stage(self) -> str:
        """The stage of the path at which the update is lost."""
        return STAGES[int(self.code[2]) - 1]

    @cached_property
    def title(self) -> str:
        """First line of the page, as a diagnosis prints it."""
        line = self.page.strip().splitlines()[0].strip().rstrip(".")
        first = line.split(" ", 1)[0]
        keep = (
            (first.isupper() and len(first) > 1)
            or any(mark in first for mark in "`_.(")
            or first[1:] != first[1:].lower()
        )
        return line if keep else line[:1].lower() + line[1:]

    @cached_property
    def sections(self) -> Mapping[str, str]:
        """Text under each `## ` heading of the page; the lead under ''."""
        found: dict[str, list[str]] = {"": []}
        heading = ""
        for line in self.page.strip().splitlines()[1:]:
            if line.startswith("## "):
                heading = line[3:].strip()
                found[heading] = []
            else:
                found[heading].append(line)
        return {name: "\n".join(lines).strip() for name, lines in found.items()}


@dataclass(frozen=True)
class Diagnosis:
    """One occurrence of a fault, as reported."""

    fault: Fault
    level: str
    verdict: Verdict
    title: str
    message: str
    place: Place | None = None
    label: str = ""
    related: tuple[Related, ...] = ()
    variables: tuple[str, ...] = ()
    step: int | None = None
    evidence: Mapping[str, Number | str] = field(default_factory=dict)
    fix: Fix | None = None
    consequences: tuple[Diagnosis, ...] = ()
