"""Mends for what was found, each tried on the text before it is offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from ..cell_places import edit_in_cell
from ..editing import Unfit
from ..fault import Diagnosis
from ..files import SourceText, Unreadable
from ..finding import Edit, Finding, Fix, Place, Related
from ..reading import Reading
from .changing import changed_bytes, reread

Judge = Callable[[Reading], Sequence[Diagnosis]]
"""What source alone makes us suspect."""

MOST_TRIED = 8
"""Candidates tried for one diagnosis."""


def with_fixes(
    diagnoses: Sequence[Diagnosis],
    reading: Reading,
    judge: Judge,
    known: Mapping[str, bytes] | None = None,
) -> tuple[Diagnosis, ...]:
    """Diagnoses with edits where a mend is known that heals.

    Each candidate is made in memory and read again; it is offered if the
    fault is gone then, and nothing else is found that was not there before.

    Args:
        diagnoses: In places as they are shown.
        reading: The files that they are about.
        judge: Reads and judges these files.
        known: Bytes of files that do not lie on disk, by their shown path.
    """
    if not diagnoses:
        return ()
    trial = Healer(reading, judge, known or {})
    return tuple(replace(one, fix=trial.first(one) or _in_words(one.fix)) for one in diagnoses)


class Healer:
    """Makes mends in memory and sees what they leave.

    Args:
        reading: The files.
        judge: Reads and judges these files.
        known: Bytes of files that are not as they lie on disk.
    """

    def __init__(self, reading: Reading, judge: Judge, known: Mapping[str, bytes]) -> None:
        self.reading = reading
        self.judge = judge
        self.known = known
        # Only the file of a diagnosis is read again, however many there are.
        self._parts: dict[str, tuple[Reading, Sequence[Diagnosis]]] = {}

    def _part(self, path: str) -> tuple[Reading, Sequence[Diagnosis]]:
        """One file alone, and what source makes us suspect in it."""
        if path not in self._parts:
            part = self.reading.part(path)
            self._parts[path] = part, self.judge(part)
        return self._parts[path]

    def first(self, diagnosis: Diagnosis) -> Fix | None:
        """The likeliest fix that heals; a mistake of ours becomes a note."""
        try:
            return next(self.healing(diagnosis), None)
        except Exception as failure:
            self.reading.unmended(diagnosis.fault, failure)
            return None

    def healing(self, diagnosis: Diagnosis) -> Iterator[Fix]:
        """The fixes of a diagnosis that leave nothing wrong in the text.

        Last come those behind which a later stage of the path shows a fault
        that was hidden until then, away from the lines that they change.
        """
        place = diagnosis.place
        if place is None or self.reading.text(place.path) is None:
            return
        part, now = self._part(place.path)
        before = Counter(one.fault.code for one in now)
        code = diagnosis.fault.code
        revealing: list[Fix] = []
        for fix in islice(_all_candidates(diagnosis, part, now), MOST_TRIED):
            try:
                _, after = changed_bytes(part, fix.edits, self.known)
                found = self.judge(reread(part, after))
            except (Unfit, Unreadable):
                continue
            codes = Counter(one.fault.code for one in found)
            new = codes - before
            if before[code] and codes[code] >= before[code]:
                continue
            if not new:
                yield fix
            elif all(_hidden_before(one, fix, diagnosis) for one in found if new[one.fault.code]):
                revealing.append(fix)
        yield from revealing


def _all_candidates(diagnosis: Diagnosis, part: Reading, now: Sequence[Diagnosis]) -> Iterator[Fix]:
    """What may mend it, and what may mend the same fault as source shows it.

    A run knows where an update is lost, the source often knows why.
    """
    seen: set[tuple[Edit, ...]] = set()
    twins = [one for one in now if one.fault.code == diagnosis.fault.code]
    for one in [diagnosis, *twins]:
        for fix in candidates(one, part):
            if fix.edits not in seen:
                seen.add(fix.edits)
                yield fix


def candidates(diagnosis: Diagnosis, reading: Reading) -> Iterator[Fix]:
    """Everything that may mend a diagnosis, in the order to be tried."""
    fix, place = diagnosis.fix, diagnosis.place
    if fix is not None and fix.edits:
        yield fix
    text = reading.text(place.path) if place is not None else None
    if place is None or text is None:
        return
    from ..source import mends

    try:
        draft = mends.Draft(text.text, text.path, reading.generation(text.path))
        finding = _joined(diagnosis, place, text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for known in mends.candidates(draft, diagnosis.fault.name, finding):
        try:
            if text.cells:
                edits = tuple(edit_in_cell(edit, text.cells) for edit in known.edits)
                known = replace(known, edits=edits)
        except Unfit:
            continue
        yield known


def _joined(diagnosis: Diagnosis, place: Place, text: SourceText) -> Finding:
    """The diagnosis with places that count the lines of the joined cells."""

    def joined(there: Place) -> Place:
        if not text.cells or there.cell is None:
            return there
        line = text.cells.index((there.cell, there.span.line)) + 1
        end = line + there.span.end_line - there.span.line
        return Place(there.path, replace(there.span, line=line, end_line=end))

    related = [
        Related(joined(there.place), there.message)
        for there in diagnosis.related
        if there.place.path == text.path
    ]
    return Finding(
        diagnosis.message,
        joined(place),
        diagnosis.label,
        tuple(related),
        diagnosis.variables,
    )


def _in_words(fix: Fix | None) -> Fix | None:
    """The fix without edits, which have been tried in vain."""
    return fix and Fix(fix.title, fix.safe)


def _hidden_before(found: Diagnosis, fix: Fix, mended: Diagnosis) -> bool:
    """Says whether a fault that shows only now was there and hidden before."""
    place = found.place
    lines = [edit.place.line for edit in fix.edits]
    apart = place is not None and all(abs(line - place.line) > len(lines) for line in lines)
    return apart and found.fault.code[2] > mended.fault.code[2]
