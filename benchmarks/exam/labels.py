"""The programs of the exam, what is known of them, and when an answer is right."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = HERE / "cases"
RIGHT = (HERE / "right", ROOT / "examples" / "right", ROOT / "tests" / "corpus" / "clean")
SLACK = 2
"""Lines by which a place may miss the labelled ones."""

OUTCOMES = ("silent", "warns", "raises", "slow")
MODES = ("eager", "graph", "fit", "strategy")
KEYS = {
    *("fault", "also", "lines", "variables", "outcome", "keras", "mode", "static"),
    *("steps", "thread", "what"),
}


@dataclass(frozen=True)
class Remark:
    """One thing that a tool said about a program.

    Attributes:
        text: Its words.
        line: Where it points to in the program; None if nowhere.
        end: Last line of that place.
        fault: Name in the catalogue, from tools that use it.
        variables: Those that it names.
        loud: False for mere advice.
    """

    text: str
    line: int | None = None
    end: int | None = None
    fault: str | None = None
    variables: tuple[str, ...] = ()
    loud: bool = True

    @property
    def kind(self) -> str:
        """What makes it the same remark in another program."""
        return self.fault or re.sub(r"0x[0-9a-f]+|[\d.]+", "#", self.text)[:160]


@dataclass(frozen=True)
class Case:
    """The labels of one faulty program."""

    name: str
    faults: frozenset[str]
    lines: tuple[int, int]
    variables: tuple[str, ...]
    outcome: str
    generations: tuple[str, ...]
    static: str
    advice: bool = False


@dataclass(frozen=True)
class Program:
    """A program of the exam: faulty, with its case, or right.

    Attributes:
        path: Its file.
        case: What is wrong with it; None for a right program.
        twin: The right program that differs from it by the fault alone.
        generations: Those of Keras under which it is part of the exam.
    """

    path: Path
    case: Case | None = None
    twin: Path | None = None
    generations: tuple[str, ...] = ("3",)

    @property
    def name(self) -> str:
        """Where it stands, in few words."""
        return "/".join(self.path.parts[-2:])


@dataclass(frozen=True)
class Verdict:
    """What one answer about a faulty program is worth."""

    detected: bool = False
    named: bool = False
    line: bool = False


def load(folder: Path) -> Case:
    """Reads the labels of a case."""
    label: dict[str, Any] = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    return Case(
        folder.name,
        frozenset({label["fault"], *label["also"]}),
        (label["lines"][0], label["lines"][1]),
        tuple(label["variables"]),
        label["outcome"],
        tuple(label["keras"]),
        label["static"],
        label.get("advice", False),
    )


def complaints(folder: Path, faults: Iterable[str]) -> Iterator[str]:
    """What is wrong with a case itself: its files and labels."""
    label = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    stuck = (folder / "stuck.py").read_text(encoding="utf-8")
    known = set(faults)
    if {path.name for path in folder.iterdir() if path.suffix in (".py", ".toml")} != {
        *("stuck.py", "mended.py", "case.toml")
    }:
        yield "has files that it should not have"
    if missing := KEYS - label.keys():
        yield f"lacks {sorted(missing)}"
    if unknown := label.keys() - KEYS - {"error", "advice"}:
        yield f"has unknown keys {sorted(unknown)}"
    if unknown := {label["fault"], *label["also"]} - known:
        yield f"names unknown faults {sorted(unknown)}"
    if not re.fullmatch(re.escape(label["fault"]) + r"-\d\d", folder.name):
        yield "is not named after its fault"
    first, last = label["lines"]
    if not 1 <= first <= last <= len(stuck.splitlines()):
        yield f"has lines {first} to {last} outside of the program"
    if label["outcome"] not in OUTCOMES or label["mode"] not in MODES:
        yield "has an unknown outcome or mode"
    if (label["outcome"] == "raises") != ("error" in label):
        yield "must name the class of its exception, and only if it raises"
    if not set(label["keras"]) or not set(label["keras"]) <= {"2", "3"}:
        yield "must be of generation 2 or 3"
    if label["static"] not in ("yes", "partly", "no") or label["steps"] < 1:
        yield "has a wrong `static` or `steps`"
    if stuck == (folder / "mended.py").read_text(encoding="utf-8"):
        yield "has a twin that is not mended"
    if any(fault in stuck for fault in known):
        yield "names a fault in the text of the program"


def faulty(only: str = "") -> Iterator[Program]:
    """The cases."""
    for folder in sorted(path.parent for path in CASES.glob("*/case.toml")):
        if only in folder.name:
            case = load(folder)
            mended = folder / "mended.py"
            yield Program(folder / "stuck.py", case, mended, case.generations)


def right(only: str = "") -> Iterator[Program]:
    """The right programs: the twins, and those that only look wrong."""
    for program in faulty(only):
        assert program.twin is not None
        yield Program(program.twin, generations=program.generations)
    for folder in RIGHT:
        for path in sorted(folder.rglob("*.py")):
            if only in path.stem:
                yield Program(path, generations=("2",) if "keras2" in path.stem else ("3",))


@cache
def words() -> dict[str, str]:
    """For each fault, what a message has to say to name it."""
    table: dict[str, str] = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))
    return table


def names(remark: Remark, case: Case) -> bool:
    """Whether a remark names the cause, by the catalogue's name or in its own words."""
    if remark.fault is not None:
        return remark.fault in case.faults
    return any(re.search(words()[one], remark.text) for one in case.faults if one in words())


def points(remark: Remark, case: Case) -> bool:
    """Whether a remark points to the cause.

    Where only a run can know, a variable that fails will do instead of the line.
    """
    if remark.line is not None:
        last = remark.end or remark.line
        if remark.line <= case.lines[1] + SLACK and last >= case.lines[0] - SLACK:
            return True
    return case.static == "no" and any(
        wanted in given or given in wanted
        for wanted in case.variables
        for given in remark.variables
    )


def judge(case: Case, said: list[Remark], of_twin: list[Remark], *, ranked: bool = True) -> Verdict:
    """Weighs what was said of a faulty program.

    What is said of its twin as well does not tell the fault. A tool that
    ranks is judged by what it says first, another one by all of it.
    """
    common = {remark.kind for remark in of_twin}
    new = [remark for remark in said if remark.kind not in common]
    loud = [remark for remark in new if remark.loud] or (new if case.advice else [])
    if not loud:
        return Verdict()
    heard = loud[:1] if ranked else loud
    named = [remark for remark in heard if names(remark, case)]
    return Verdict(True, bool(named), any(points(remark, case) for remark in named or heard))


@dataclass
class Score:
    """The figures of one tool."""

    asked: int = 0
    detected: int = 0
    named: int = 0
    lines: int = 0
    right: int = 0
    alarms: int = 0
    failed: int = 0
    costs: list[float] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Counts a faulty program."""
        self.asked += 1
        self.detected += verdict.detected
        self.named += verdict.named
        self.lines += verdict.named and verdict.line
