"""Makes the mends of diagnoses, reads again, and goes on until none is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..editing import Unfit, collide
from ..fault import Diagnosis
from ..files import Unreadable
from ..finding import Edit
from ..reading import Reading
from .changing import changed_bytes, reread
from .offers import Judge, with_fixes

MOST_ROUNDS = 40
"""Readings of one mending; mends that undo each other end here."""


@dataclass
class Mended:
    """What mending came to; nothing of it is written yet.

    Attributes:
        reading: The files with the mends made.
        before: Bytes of the files that change, by their shown path.
        after: Their bytes as they are to be.
        made: The diagnoses whose fix was made, in the order of making.
        left: What the mended files still make us suspect.
        refused: Diagnoses whose fix could not be made, and why.
    """

    reading: Reading
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    made: list[Diagnosis] = field(default_factory=list)
    left: list[Diagnosis] = field(default_factory=list)
    refused: list[tuple[Diagnosis, str]] = field(default_factory=list)


def mend(
    reading: Reading,
    found: Sequence[Diagnosis],
    judge: Judge,
    *,
    unsafe: bool,
    known: Mapping[str, bytes] | None = None,
) -> Mended:
    """Makes every fix that there is, first-ranked first.

    What is judged wrong now and is not among `found` (allowed by a comment,
    an old fault of a baseline) is left alone in every round.

    Args:
        reading: The files; it is left as it is.
        found: What is to be mended in them, with fixes.
        judge: Judges a reading.
        unsafe: Make fixes too that decide what was meant.
        known: Bytes of files that do not lie on disk, by their shown path.
    """
    mended = Mended(reading)
    meant = {_where(one, reading) for one in found}
    spared = {_where(one, reading) for one in judge(reading)} - meant
    refused: set[object] = set()
    mended.left = list(found)
    for _ in range(MOST_ROUNDS):
        wanted = [
            one
            for one in mended.left
            if _wanted(one, unsafe) and _key(one, mended.reading) not in refused
        ]
        if not wanted:
            return mended
        if not _round(wanted, mended, known or {}, refused):
            continue
        again = [one for one in judge(mended.reading) if _where(one, mended.reading) not in spared]
        mended.left = list(
            with_fixes(again, mended.reading, judge, {**(known or {}), **mended.after})
        )
    return mended


def _round(
    wanted: Sequence[Diagnosis], mended: Mended, known: Mapping[str, bytes], refused: set[object]
) -> bool:
    """Makes the fixes that go together, else the first that can be made."""
    for group in (_apart(wanted), *([one] for one in wanted)):
        try:
            mended.reading = _made(group, mended, known)
        except (Unfit, Unreadable) as problem:
            if len(group) == 1:
                refused.add(_key(group[0], mended.reading))
                mended.refused.append((group[0], str(problem)))
        else:
            mended.made += group
            return True
    return False


def _wanted(diagnosis: Diagnosis, unsafe: bool) -> bool:
    fix = diagnosis.fix
    return fix is not None and bool(fix.edits) and (fix.safe or unsafe)


def _where(diagnosis: Diagnosis, reading: Reading) -> object:
    """The same for one fault on one line of code, wherever that line moves."""
    place = diagnosis.place
    lines = reading.lines(place.path, place.cell) if place else []
    line = lines[place.line - 1].strip() if place and place.line <= len(lines) else ""
    return diagnosis.fault.code, place and place.path, line


def _key(diagnosis: Diagnosis, reading: Reading) -> object:
    return _where(diagnosis, reading), diagnosis.fix and diagnosis.fix.title


def _apart(wanted: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The first of them, and all that touch none of those before."""
    chosen: list[Diagnosis] = []
    edits: list[Edit] = []
    for diagnosis in wanted:
        new = diagnosis.fix.edits if diagnosis.fix else ()
        if not collide(new, edits):
            chosen.append(diagnosis)
            edits += new
    return chosen


def _made(group: Sequence[Diagnosis], mended: Mended, known: Mapping[str, bytes]) -> Reading:
    """Makes the fixes of a group together.

    Raises:
        Unfit: Their edits don't fit the files.
        Unreadable: What comes out is no Python any more.
    """
    edits = [edit for one in group if one.fix for edit in one.fix.edits]
    before, after = changed_bytes(mended.reading, edits, {**known, **mended.after})
    again = reread(mended.reading, after)
    for path, data in before.items():
        mended.before.setdefault(path, data)
    mended.after.update(after)
    return again
