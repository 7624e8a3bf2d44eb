"""Faults x evidence -> ranked diagnoses.

What source makes us suspect and what a run proves are joined, what only
follows from another fault is folded under it, and the cause that explains
most comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .confirming import join, overlap, same_variables
from .fault import LEVELS, Diagnosis, Fault, Verdict
from .finding import Edit, Finding, Fix, Place, Related
from .interrupts import theirs

if TYPE_CHECKING:
    from .evidence.loop import Loop
    from .evidence.run import Run

OnFailure = Callable[[Fault, Exception], None]
Locate = Callable[[Place], Place]
Show = Callable[[Diagnosis], Diagnosis]


class _Seen(NamedTuple):
    """One fault seen once, with what we know about it so far."""

    fault: Fault
    finding: Finding
    verdict: Verdict

    @property
    def level(self) -> str:
        return self.finding.level or self.fault.level

    @property
    def symptoms(self) -> frozenset[str]:
        return frozenset(self.fault.symptoms) | frozenset(self.finding.symptoms)


def diagnose(
    faults: Iterable[Fault],
    loops: Sequence[Loop],
    run: Run | None = None,
    *,
    locate: Locate = lambda place: place,
    show: Show = lambda diagnosis: diagnosis,
    on_failure: OnFailure | None = None,
) -> list[Diagnosis]:
    """Judges source and run by every fault.

    Args:
        faults: What to look for.
        loops: Readings of the program's files.
        run: What the program did, if it was watched.
        locate: Brings a place into one form, so that places from source and
            run can be compared.
        show: Tells a diagnosis in the places that are shown.
        on_failure: Told of a fault that raised; without it the exception
            gets out.

    Returns:
        Suspected and proven diagnoses, ranked; those that only follow from
        another one are its `consequences`. Cleared ones are left out.
    """
    seen: list[_Seen] = []
    for fault in faults:
        try:
            seen += _judge(fault, loops, run, locate)
        except Exception as failure:
            if on_failure is None or theirs(failure):
                raise
            on_failure(fault, failure)
    return [show(one) for one in _fold(_merge(seen))]


def _judge(fault: Fault, loops: Sequence[Loop], run: Run | None, locate: Locate) -> list[_Seen]:
    """Everything that one fault has to say about the evidence."""
    suspected = [
        _located(finding, locate) for loop in loops if fault.find for finding in fault.find(loop)
    ]
    if run is None:
        return [_Seen(fault, finding, Verdict.SUSPECTED) for finding in suspected]
    wanted = [
        locate(loop.place(spot))
        for loop in loops
        for name, spot in loop.meant
        if name == fault.name
    ]
    shown = (_located(finding, locate) for finding in (fault.prove(run) if fault.prove else ()))
    proven = [one for one in shown if not any(overlap(one.place, place) for place in wanted)]
    joined, left = join(suspected, proven, fault.level)
    seen = [_Seen(fault, finding, Verdict.PROVEN) for finding in joined]
    for finding in left:
        outcome = fault.settle(finding, run) if fault.settle else None
        if isinstance(outcome, Finding):
            seen.append(_Seen(fault, _located(outcome, locate), Verdict.PROVEN))
        elif outcome is not Verdict.CLEARED:
            verdict = outcome if isinstance(outcome, Verdict) else Verdict.SUSPECTED
            seen.append(_Seen(fault, finding, verdict))
    return seen


def _located(finding: Finding, locate: Locate) -> Finding:
    """The finding with every place in the same form."""
    fix = finding.fix
    if fix is not None and fix.edits and _spreads(finding, fix):
        # What is written in one file need not mean the same in another.
        fix = replace(fix, edits=())
    return replace(
        finding,
        place=locate(finding.place) if finding.place else None,
        related=tuple(Related(locate(there.place), there.message) for there in finding.related),
        fix=fix
        and Fix(
            fix.title, fix.safe, tuple(Edit(locate(edit.place), edit.text) for edit in fix.edits)
        ),
    )


def _spreads(finding: Finding, fix: Fix) -> bool:
    """Says whether a finding tells of more than one file."""
    places = [there.place for there in finding.related] + [edit.place for edit in fix.edits]
    return any(finding.place and place.path != finding.place.path for place in places)


def _merge(seen: Sequence[_Seen]) -> list[_Seen]:
    """Makes one of what the same fault says about the same place."""
    merged: dict[tuple[object, ...], _Seen] = {}
    for one in sorted(seen, key=lambda one: one.verdict is not Verdict.PROVEN):
        place = one.finding.place
        where = (place.path, place.cell, place.span) if place else one.finding.variables
        key = (one.fault.code, where)
        first = merged.setdefault(key, one)
        if first is not one:
            names = dict.fromkeys(first.finding.variables + one.finding.variables)
            fix = first.finding.fix or one.finding.fix
            finding = replace(first.finding, variables=tuple(names), fix=fix)
            merged[key] = first._replace(finding=finding)
    return list(merged.values())


def one_a_mend(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Joins those of one fault that the same edits mend: they have one root.

    Two apply calls, say, that cut their gradients out of one list in the wrong order.
    """
    found: dict[object, Diagnosis] = {}
    for one in diagnoses:
        edits = one.fix.edits if one.fix else ()
        root = (one.fault.code, one.verdict, edits) if edits else id(one)
        first = found.setdefault(root, one)
        if first is not one:
            names = dict.fromkeys(first.variables + one.variables)
            related = first.related + _second(first, one)
            found[root] = replace(first, variables=tuple(names), related=related)
    return list(found.values())


def _second(first: Diagnosis, other: Diagnosis) -> tuple[Related, ...]:
    """The place of another diagnosis that goes with this one, if it is another line."""
    told = [first.place, *(there.place for there in first.related)]
    if other.place is None or any(overlap(other.place, place) for place in told):
        return ()
    return (Related(other.place, other.label or "the same here"),)


def _fold(seen: Sequence[_Seen]) -> list[Diagnosis]:
    """Ranks, with what only follows from another fault under that fault."""
    ranked = sorted(seen, key=lambda one: _rank(one, 0))
    parent: dict[int, int] = {}
    for number, one in enumerate(ranked):
        for cause, other in enumerate(ranked):
            if cause != number and _follows(one, other) and number not in _line(cause, parent):
                parent[number] = cause
                break

    def grown(number: int) -> Diagnosis:
        children = [child for child, cause in parent.items() if cause == number]
        return _diagnosis(ranked[number], tuple(grown(child) for child in children))

    def explained(number: int) -> int:
        children = [child for child, cause in parent.items() if cause == number]
        return len(children) + sum(explained(child) for child in children)

    roots = [number for number in range(len(ranked)) if number not in parent]
    roots.sort(key=lambda number: _rank(ranked[number], explained(number)))
    return [grown(number) for number in roots]


def _follows(one: _Seen, cause: _Seen) -> bool:
    """Says whether `one` needs no other explanation than `cause`."""
    return (
        one.fault.name in cause.symptoms
        and LEVELS.index(cause.level) <= LEVELS.index(one.level)
        and (
            not one.finding.variables
            or not cause.finding.variables
            or same_variables(one.finding, cause.finding)
            # One line can do the same to several variables, in two ways.
            or overlap(one.finding.place, cause.finding.place)
        )
    )


def _line(number: int, parent: dict[int, int]) -> list[int]:
    """A diagnosis with its cause, the cause of that, and so on."""
    line = [number]
    while line[-1] in parent:
        line.append(parent[line[-1]])
    return line


def _rank(one: _Seen, explained: int) -> tuple[object, ...]:
    place = one.finding.place
    return (
        LEVELS.index(one.level),
        one.verdict is not Verdict.PROVEN,
        -(explained + len(one.finding.variables)),
        one.fault.code[2],
        place is None,
        (place.path, place.cell or 0, place.span) if place else (),
        one.fault.code,
    )


def _diagnosis(one: _Seen, consequences: tuple[Diagnosis, ...]) -> Diagnosis:
    finding = one.finding
    return Diagnosis(
        fault=one.fault,
        level=one.level,
        verdict=one.verdict,
        title=finding.title or one.fault.title,
        message=finding.message,
        place=finding.place,
        label=finding.label,
        related=finding.related,
        variables=finding.variables,
        step=finding.step,
        evidence=finding.evidence,
        fix=finding.fix,
        consequences=consequences,
    )


def ranked(diagnoses: Iterable[Diagnosis]) -> list[Diagnosis]:
    """Puts together what was diagnosed file by file, each fault once.

    A fault in a file that others import is found from each of them; and what
    is a fault of its own from one side may only follow from another fault
    when seen from the other.
    """
    first: dict[tuple[object, ...], Diagnosis] = {}
    for diagnosis in diagnoses:
        known = first.setdefault(_identity(diagnosis), diagnosis)
        if len(diagnosis.variables) > len(known.variables):
            first[_identity(diagnosis)] = diagnosis
    explained = {
        _identity(consequence): _identity(cause)
        for cause in first.values()
        for consequence in _below(cause)
    }
    roots = [
        diagnosis
        for key, diagnosis in first.items()
        # Two that explain each other both stay.
        if key not in explained or explained.get(explained[key]) == key
    ]
    return sorted(roots, key=_standing)


def _identity(diagnosis: Diagnosis) -> tuple[object, ...]:
    place = diagnosis.place
    where = (place.path, place.cell, place.span) if place else diagnosis.variables
    return diagnosis.fault.code, where


def _below(diagnosis: Diagnosis) -> Iterable[Diagnosis]:
    for consequence in diagnosis.consequences:
        yield consequence
        yield from _below(consequence)


def _standing(diagnosis: Diagnosis) -> tuple[object, ...]:
    place = diagnosis.place
    return (
        LEVELS.index(diagnosis.level),
        diagnosis.verdict is not Verdict.PROVEN,
        -(len(list(_below(diagnosis))) + len(diagnosis.variables)),
        diagnosis.fault.code[2],
        place is None,
        (place.path, place.cell or 0, place.span) if place else (),
        diagnosis.fault.code,
    )
