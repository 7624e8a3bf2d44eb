"""The report that people read: blocks of diagnoses, a table, a last line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..answer import Answer, Lines, Standing, WorkerEnd
from ..fault import LEVELS, STAGES, Diagnosis, Verdict
from ..finding import Place
from ..harmless import harmless
from .mend import mend
from .paint import Paint, plain
from .snippet import Mark, display_width, snippet, wrapped

WIDTH = 100
"""Columns of a report."""

SHOWN_NAMES = 5
"""Variables that a note names before it counts the others."""

SHOWN_ROWS = 15
"""Rows of the table of variables before it counts the others."""


def render(
    answer: Answer,
    lines: Lines,
    paint: Paint = plain,
    whole: bool = False,
    told: Sequence[Diagnosis] = (),
) -> str:
    """The whole report, ending with a line end.

    Args:
        answer: What was found out.
        lines: Gives the source lines of a file.
        paint: Colours.
        whole: Shows every row of the table, however long it is.
        told: Diagnoses that the reader has just seen in full: they are named only.
    """
    before = {_shape(one): one for one in told}
    parts = [
        _again(diagnosis, before[_shape(diagnosis)], paint)
        if _shape(diagnosis) in before
        else render_diagnosis(diagnosis, lines, paint)
        for diagnosis in answer.diagnoses
    ]
    if answer.diagnoses and answer.standings:
        parts.append("\n".join(_table(answer.standings, paint, whole)))
    if answer.workers:
        parts.append("\n".join(_workers(answer.workers, paint)))
    if answer.account:
        parts.append("\n".join(answer.account))
    closing = [_closing(answer, paint), *_notes(answer, whole)]
    return harmless("\n\n".join([*parts, "\n".join(closing)]) + "\n")


def render_closing(answer: Answer) -> str:
    """The last line with its notes alone."""
    return harmless("\n".join([_closing(answer, plain), *_notes(answer)]))


def render_counts(answer: Answer, paint: Paint = plain) -> str:
    """How often each fault was found, the most frequent first."""
    counts = Counter(diagnosis.fault for diagnosis in answer.diagnoses)
    order = sorted(counts, key=lambda fault: (-counts[fault], fault.code))
    width = max((len(fault.name) for fault in order), default=0)
    rows = [
        f"{counts[fault]:5}  {fault.code}  {fault.name:<{width}}  {fault.title}" for fault in order
    ]
    blank = [""] if rows else []
    return "\n".join([*rows, *blank, _closing(answer, paint), *_notes(answer)]) + "\n"


def render_diagnosis(diagnosis: Diagnosis, lines: Lines, paint: Paint = plain) -> str:
    """One diagnosis as a block of text, without a line end at its end."""
    block = [_head(diagnosis, paint)]
    gutter = _gutter(diagnosis)
    block += _source(diagnosis, lines, paint, gutter)
    block.append(
        f"{_frame(paint, gutter)} path:  {_path(diagnosis.fault.stage, diagnosis.level, paint)}"
    )
    block += _evidence(diagnosis, paint, gutter)
    if diagnosis.fix:
        block += mend(diagnosis.fix, lines, paint, WIDTH, gutter, diagnosis.place)
    block += _noted_below(_remarks(diagnosis), paint, gutter)
    return harmless("\n".join(block))


def _shape(diagnosis: Diagnosis) -> tuple[object, ...]:
    """What of a diagnosis does not change with the numbers of later steps."""
    where = diagnosis.place or diagnosis.variables
    return diagnosis.fault.code, diagnosis.level, diagnosis.title, where, diagnosis.fix


def _again(diagnosis: Diagnosis, before: Diagnosis, paint: Paint) -> str:
    """A diagnosis that stands in full above: what it was, and what is new of it."""
    gutter = _gutter(diagnosis)
    where = f"{_where(diagnosis.place)} " if diagnosis.place else ""
    block = [_head(diagnosis, paint)]
    block.append(f"{paint(' ' * gutter + '-->', 'frame')} {where}(in full above)")
    if diagnosis.message != before.message:
        block += _evidence(diagnosis, paint, gutter)
    known = list(_remarks(before))
    new = [note for note in _remarks(diagnosis) if note not in known]
    return harmless("\n".join([*block, *_noted_below(new, paint, gutter)]))


def _head(diagnosis: Diagnosis, paint: Paint) -> str:
    level = diagnosis.level
    return f"{paint(f'{level}[{diagnosis.fault.code}]', level)}: {paint(diagnosis.title, 'strong')}"


def _evidence(diagnosis: Diagnosis, paint: Paint, gutter: int) -> Iterator[str]:
    """What was measured, or what source makes us suspect."""
    indent = " " * (gutter + 10)
    proven = diagnosis.verdict is Verdict.PROVEN
    words = diagnosis.message if proven else f"{diagnosis.message} (in source; not measured)"
    first, *rest = wrapped(words, WIDTH - len(indent))
    yield f"{_frame(paint, gutter)} {'proof:' if proven else 'seen: '} {first}"
    yield from (indent + line for line in rest)


def _noted_below(notes: Iterable[str], paint: Paint, gutter: int) -> Iterator[str]:
    indent = " " * (gutter + 9)
    for note in notes:
        first, *rest = wrapped(note, WIDTH - len(indent))
        yield f"{_frame(paint, gutter)} note: {first}"
        yield from (indent + line for line in rest)


def _frame(paint: Paint, gutter: int) -> str:
    return paint(" " * (gutter + 1) + "=", "frame")


def _gutter(diagnosis: Diagnosis) -> int:
    """Columns for the line numbers of one block."""
    places = [diagnosis.place, *(related.place for related in diagnosis.related)]
    places += [edit.place for edit in diagnosis.fix.edits] if diagnosis.fix else []
    return max(2, *(len(str(place.span.end_line)) for place in places if place))


def _source(diagnosis: Diagnosis, lines: Lines, paint: Paint, gutter: int) -> Iterator[str]:
    """Where it stands: a head line a file, and the marked lines."""
    if diagnosis.place is None:
        return
    marks: dict[tuple[str, int | None], list[Mark]] = {}
    for place, label, first in [
        (diagnosis.place, diagnosis.label, True),
        *((related.place, related.message, False) for related in diagnosis.related),
    ]:
        marks.setdefault((place.path, place.cell), []).append(Mark(place.span, label, first))
    for number, ((path, cell), here) in enumerate(marks.items()):
        lead = " " * gutter + ("-->" if number == 0 else ":::")
        yield f"{paint(lead, 'frame')} {_where(Place(path, here[0].span, cell))}"
        yield from snippet(lines(path, cell), here, paint, WIDTH, gutter)


def _where(place: Place) -> str:
    cell = f":cell {place.cell}" if place.cell else ""
    column = f":{place.span.column}" if place.span.end_column else ""
    return f"{place.path}{cell}:{place.line}{column}"


def _path(stage: str, level: str, paint: Paint) -> str:
    if stage == "cost":
        return paint("[cost]", level) + " (beside the path of the update)"
    steps = [paint(f"[{name}]", level) if name == stage else name for name in STAGES[:-1]]
    return " > ".join(steps)


def _remarks(diagnosis: Diagnosis) -> Iterator[str]:
    for consequence in _flat(diagnosis.consequences):
        about = f" ({_names(consequence.variables)})" if consequence.variables else ""
        at = f" at {_where(consequence.place)}" if consequence.place else ""
        yield f"explains {consequence.fault.code} too: {consequence.title}{at}{about}"
    if diagnosis.fix and diagnosis.fix.edits and not diagnosis.fix.safe:
        yield "unsafe fix: it decides what was meant, so read it before you take it"
    yield f"more with `gradproof explain {diagnosis.fault.code}`"


def _flat(consequences: Sequence[Diagnosis]) -> Iterator[Diagnosis]:
    for consequence in consequences:
        yield consequence
        yield from _flat(consequence.consequences)


def _names(variables: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in variables[:SHOWN_NAMES])
    more = len(variables) - SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _table(standings: Sequence[Standing], paint: Paint, whole: bool) -> Iterator[str]:
    """One row a variable: the stage at which it is lost, or that it moved."""
    shown = standings if whole else standings[:SHOWN_ROWS]
    names = [_clipped(standing.variable, 36) for standing in shown]
    first = max(len("variable"), *map(display_width, names))
    second = max(len("lost at"), *(len(_stage(standing)) for standing in shown))
    yield paint(f"  {'variable':<{first}}  {'lost at':<{second}}  why", "strong")
    for standing, name in zip(shown, names, strict=True):
        stage = _stage(standing).ljust(second)
        stage = paint(stage, "error") if standing.state == "broken" else stage
        why, *rest = wrapped(standing.why, WIDTH - first - second - 6)
        yield f"  {name}{' ' * (first - display_width(name))}  {stage}  {why}"
        yield from (" " * (first + second + 6) + line for line in rest)
    left = Counter(standing.state for standing in standings[len(shown) :])
    if left:
        words = {"broken": "lost", "resting": "at rest", "moved": "moved"}
        counts = ", ".join(f"{count} {words[state]}" for state, count in left.items())
        yield f"  and {sum(left.values())} more: {counts} (`--verbose` shows all)"


def _stage(standing: Standing) -> str:
    if standing.state == "moved":
        return "moved"
    return f"[{standing.stage}]" if standing.stage else "at rest"


def _clipped(name: str, width: int) -> str:
    return name if display_width(name) <= width else "..." + name[-(width - 3) :]


def _workers(workers: Sequence[WorkerEnd], paint: Paint) -> Iterator[str]:
    """One row a worker: how far it came, and how it ended."""
    shown = workers[:SHOWN_ROWS]
    width = max(len("worker"), *(len(one.name) for one in shown))
    head = f"  {'worker':<{width}}  {'steps':>9}  {'last heard of (UTC)':<19}  end"
    yield paint(head, "strong")
    for one in shown:
        end = one.error or "ended" if one.ended else "not told: killed, or it still goes on"
        yield f"  {one.name:<{width}}  {one.steps:>9,}  {one.last:<19}  {end}"
    if left := workers[SHOWN_ROWS:]:
        well = sum(one.ended and not one.error for one in left)
        yield f"  and {len(left)} more, of which {well} ended without an exception"


def _closing(answer: Answer, paint: Paint) -> str:
    """The last line: how many, or what was looked at in vain."""
    looked = f"{counted(answer.files, 'file')} with {counted(answer.loops, 'loop')} read"
    if answer.unsure:
        looked += " for Keras 2 and 3"
    if answer.command == "run":
        looked += f", {counted(answer.steps, 'step')} watched"
        if answer.standings and answer.steps:
            looked += f", {moved(answer)}"
    for count, why in ((answer.allowed, "allowed by comments"), (answer.old, "in the baseline")):
        looked += f", {count} {why}" if count else ""
    counts = Counter(diagnosis.level for diagnosis in answer.diagnoses)
    if counts:
        found = ", ".join(counted(counts[level], level) for level in LEVELS if counts[level])
        worst = next(level for level in LEVELS if counts[level])
        return f"gradproof: {paint(found, worst)}; {looked}"
    if answer.command == "check":
        looked += ", no fault seen in source" if answer.loops else ", nothing to judge"
    return f"gradproof: {looked}"


def moved(answer: Answer, ruled: bool = True) -> str:
    """How many variables moved and how many are lost, as the table has them.

    Args:
        answer: What was found out.
        ruled: Say by whose rule, where none is lost.
    """
    states = Counter(standing.state for standing in answer.standings)
    count, lost = len(answer.standings), states["broken"]
    few = f"{states['moved']:,} of {count:,} variable{'' if count == 1 else 's'} moved"
    if lost:
        return f"{few}, {lost:,} lost"
    by = f" ({', '.join(answer.rules)})" if ruled and answer.rules and states["moved"] else ""
    if count and states["moved"] == count:
        everyone = {1: "the only variable", 2: "both variables"}.get(count)
        return f"{everyone or f'all {count:,} variables'} moved{by}"
    return few + by


def _notes(answer: Answer, whole: bool = False) -> Iterator[str]:
    still = [one for one in answer.standings if one.state != "moved" and not answer.diagnoses]
    shown = still if whole else still[:SHOWN_ROWS]
    for standing in shown:
        yield from noted(f"`{standing.variable}` did not move: {standing.why}")
    if len(shown) < len(still):
        left = len(still) - len(shown)
        yield from noted(f"{left} more did not move either (`--verbose` names them)")
    for note in answer.notes:
        yield from noted(note)


def noted(words: str) -> Iterator[str]:
    """A sentence below the last line, folded."""
    first, *rest = wrapped(words, WIDTH - 4)
    yield f"  - {first}"
    yield from ("    " + line for line in rest)


def counted(count: int, noun: str) -> str:
    """A number with its noun."""
    plural = noun if count == 1 or noun == "advice" else noun + "s"
    return f"{count} {plural}"


def told(problem: BaseException, most: int = 200) -> str:
    """An exception in one line; Keras prints whole variables into some."""
    first = (str(problem).strip().splitlines() or [""])[0]
    cut = first if len(first) <= most else f"{first[:most].rstrip()} ..."
    return f"{type(problem).__name__}: {cut}".rstrip(": ")
