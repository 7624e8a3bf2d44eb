"""What mends did to a program: before and after, beside each other."""

from __future__ import annotations

from collections.abc import Iterator

from ..answer import Lines, Standing
from ..fault import Diagnosis
from ..harmless import harmless
from ..outcome import Mend, Outcome, Proof
from .mend import mend as help_lines
from .paint import Paint, plain
from .snippet import display_width, wrapped
from .text import noted

WIDTH = 100
SHOWN_ROWS = 16
"""Rows of variables before the others are counted."""


def render(proof: Proof, lines: Lines, paint: Paint = plain) -> str:
    """The proof as text, ending with a line end.

    Args:
        proof: What was tried.
        lines: Gives the source lines of a file as it was before any mend.
        paint: Colours.
    """
    parts: list[str] = []
    for mend in proof.healed:
        parts.append("\n".join(_healed(mend, lines, paint)))
    if proof.healed:
        parts.append("\n".join(_table(proof, paint)))
    for mend in proof.tried:
        parts.append("\n".join(_in_vain(mend)))
    for diagnosis in proof.words:
        parts.append("\n".join(_words(diagnosis)))
    ending = "\n".join([closing(proof), *(line for note in proof.notes for line in noted(note))])
    return harmless("\n\n".join([*parts, ending]) + "\n")


def _head(diagnosis: Diagnosis) -> str:
    place = diagnosis.place
    where = f"{place.words}: " if place else ""
    return f"{where}{diagnosis.fault.code} {diagnosis.fault.name}: {diagnosis.title}"


def _healed(mend: Mend, lines: Lines, paint: Paint) -> Iterator[str]:
    first, *rest = wrapped(_head(mend.diagnosis), WIDTH)
    yield paint(first, "strong")
    yield from rest
    lines = mend.lines or lines
    yield from help_lines(mend.fix, lines, paint, WIDTH, 4, mend.diagnosis.place)
    for other in mend.others:
        yield f"  - not tried: {other}"


def _table(proof: Proof, paint: Paint) -> Iterator[str]:
    """A row a variable, the loss and the ending: before, and after."""
    found = list(rows(proof.before, proof.after))
    changed = [row for row in found if row[1] != row[2]]
    chosen = [(_clipped(name), *states) for name, *states in changed[:SHOWN_ROWS] or found[:4]]
    shown = [*chosen, *ends(proof.before, proof.after)]
    first = max(len("variable"), *(display_width(name) for name, _, _ in shown))
    second = max(len("before"), *(display_width(before) for _, before, _ in shown))
    yield paint(f"  {'variable':<{first}}  {'before':<{second}}  after", "strong")
    for name, before, after in shown:
        yield f"  {name:<{first}}  {before:<{second}}  {after}"
    left = len(found) - len(chosen)
    if left and changed:
        same = len(found) - len(changed)
        more = len(changed) - len(chosen)
        words = [f"{more} more changed"] if more else []
        words += [f"{same} as before"] if same else []
        yield f"  {', '.join(words)}"


def rows(before: Outcome, after: Outcome) -> Iterator[tuple[str, str, str]]:
    """Each variable, what became of it before, and after."""
    then = {one.variable: one for one in after.answer.standings}
    for one in before.answer.standings:
        other = then.pop(one.variable, None)
        yield one.variable, _state(one), _state(other)
    for one in then.values():
        yield one.variable, "not seen", _state(one)


def _state(standing: Standing | None) -> str:
    if standing is None:
        return "not seen"
    if standing.state == "broken":
        return f"lost at [{standing.stage}]"
    return {"moved": "moved", "resting": "at rest"}[standing.state]


def ends(before: Outcome, after: Outcome) -> Iterator[tuple[str, str, str]]:
    """Faults, loss and ending, before and after."""
    yield "faults", _faults(before), _faults(after)
    if before.ends or after.ends:
        yield "loss", _loss(before), _loss(after)
    if before.error or after.error:
        yield "ended with", before.error or "nothing wrong", after.error or "nothing wrong"
    if before.answer.steps != after.answer.steps:
        yield "steps", str(before.answer.steps), str(after.answer.steps)


def _faults(outcome: Outcome) -> str:
    found = [one.fault.code for one in outcome.answer.diagnoses if one.level != "advice"]
    return ", ".join(dict.fromkeys(found)) or "none"


def _loss(outcome: Outcome) -> str:
    if outcome.ends is None:
        return "not known"
    first, last = outcome.ends
    return f"{first:.4g} > {last:.4g}"


def _in_vain(mend: Mend) -> Iterator[str]:
    yield from wrapped(f"tried in vain for {_head(mend.diagnosis)}", WIDTH)
    first, *rest = wrapped(f"{mend.fix.title}: {mend.harm}", WIDTH - 4)
    yield f"  - {first}"
    yield from (f"    {line}" for line in rest)


def _words(diagnosis: Diagnosis) -> Iterator[str]:
    yield from wrapped(f"not mended: {_head(diagnosis)}", WIDTH)
    if diagnosis.fix:
        yield from (f"  {line}" for line in wrapped(f"help: {diagnosis.fix.title}", WIDTH - 2))


def closing(proof: Proof) -> str:
    """The last line: how many mends, in what runs, and what remains."""
    runs = f"in runs of at most {proof.steps} steps" if proof.steps else "in whole runs"
    before = proof.before
    if before.failure:
        return f"gradproof: {proof.path}: {before.failure}"
    if not before.answer.diagnoses or not (proof.healed or proof.tried or proof.words):
        return f"gradproof: {proof.path}: nothing to mend {runs}"
    count = len(proof.healed)
    left = len(proof.words)
    return (
        f"gradproof: {proof.path}: {count} {'mend' if count == 1 else 'mends'} proven {runs}, "
        f"{left} {'fault remains' if left == 1 else 'faults remain'}"
    )


def _clipped(name: str, width: int = 44) -> str:
    return name if display_width(name) <= width else "..." + name[-(width - 3) :]
