"""The verdict of a page in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ...answer import Answer
from ...fault import LEVELS, STAGES, Verdict
from ..text import moved
from .words import counted


@dataclass(frozen=True)
class Sentence:
    """What a page says first.

    Attributes:
        state: `"error"`, `"warning"`, `"advice"`, `"fine"` or `"unknown"`.
        words: One sentence.
        facts: Counts, each in a few words.
    """

    state: str
    words: str
    facts: tuple[str, ...] = ()


def verdict(answer: Answer, going: bool = False, error: str = "") -> Sentence:
    """The verdict on an answer.

    Args:
        answer: What was found out.
        going: The run still goes on.
        error: Class of the exception that ended the program.
    """
    state = next(
        (level for level in LEVELS if any(one.level == level for one in answer.diagnoses)), ""
    )
    if not state:
        state = "fine" if (answer.steps or answer.loops) and not error else "unknown"
    return Sentence(state, _words(answer, going, error), tuple(_facts(answer)))


def _words(answer: Answer, going: bool, error: str) -> str:
    if not answer.diagnoses:
        found = _fine(answer, going)
        return f"{found[:-1]}; then the program ended with `{error}`." if error else found
    first = answer.diagnoses[0]
    more = len(answer.diagnoses) - 1
    rest = f", and {more} more" if more else ""
    lost = [one for one in answer.standings if one.state == "broken"]
    if first.verdict is Verdict.SUSPECTED and answer.command == "check":
        return f"Seen in source: {first.title}{rest}."
    if not lost or first.level == "advice":
        return f"{first.title[:1].upper()}{first.title[1:]}{rest}."
    here = Counter(one.stage for one in lost)
    stage = min(here, key=lambda name: STAGES.index(name) if name in STAGES else 0)
    who = f"{len(lost)} of {counted(len(answer.standings), 'variable')}"
    if len(lost) == len(answer.standings):
        who = _all_of(len(lost)).capitalize()
    verb = "loses its update" if len(lost) == 1 else "lose their updates"
    return f"{who} {verb} at `{stage}`: {first.title}{rest}."


def _all_of(count: int) -> str:
    return {1: "the only variable", 2: "both variables"}.get(count, f"all {count:,} variables")


def _fine(answer: Answer, going: bool) -> str:
    so_far = " so far" if going else ""
    if answer.command == "check":
        if not answer.loops:
            return "No training loop was found, so there is nothing to judge."
        return f"No fault is seen in the source of {counted(answer.loops, 'loop')}."
    if not answer.steps:
        return f"No update was seen{so_far}, so nothing was judged."
    steps = f"{counted(answer.steps, 'step')}{so_far}"
    return f"Nothing wrong was found: {moved(answer, ruled=False)} in {steps}."


def _facts(answer: Answer) -> list[str]:
    counts = Counter(diagnosis.level for diagnosis in answer.diagnoses)
    found = [
        counted(counts[level], level) if level != "advice" else f"{counts[level]} advice"
        for level in LEVELS
        if counts[level]
    ]
    found.append(f"{counted(answer.files, 'file')} with {counted(answer.loops, 'loop')} read")
    if answer.command == "run":
        found.append(f"{counted(answer.steps, 'step')} watched")
        if answer.standings:
            found.append(moved(answer))
    found += [f"{answer.allowed} allowed by comments"] if answer.allowed else []
    found += [f"{answer.old} in the baseline"] if answer.old else []
    return found
