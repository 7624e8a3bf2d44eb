"""Makes the mends of diagnoses, reads again, and goes on until none is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..editing import Unfit, collide
from ..fault import Diagnosis
from ..files import Unreadable, source_text
from ..finding import Edit
from ..reading import Reading
from .contents import mended_bytes

Judge = Callable[[Reading], Sequence[Diagnosis]]
"""What a reading makes us suspect, ranked, with fixes."""

MOST_ROUNDS = 40
"""Readings of one mending; mends that undo each other end here."""


@dataclass
class Mended:
    """What mending came to; nothing of it is written yet.

    Attributes:
        before: Bytes of the files that change, by their shown path.
        after: Their bytes as they are to be.
        made: The diagnoses whose fix was made, in the order of making.
        left: What the mended files still make us suspect.
        refused: Diagnoses whose fix could not be made, and why.
    """

    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    made: list[Diagnosis] = field(default_factory=list)
    left: list[Diagnosis] = field(default_factory=list)
    refused: list[tuple[Diagnosis, str]] = field(default_factory=list)
    reading: Reading | None = None


def mend(reading: Reading, judge: Judge, *, unsafe: bool) -> Mended:
    """Makes every fix that there is, first-ranked first.

    Args:
        reading: The files; it is left as it is.
        judge: Judges a reading.
        unsafe: Make fixes too that decide what was meant.
    """
    mended = Mended(reading=reading)
    refused: set[object] = set()
    for _ in range(MOST_ROUNDS):
        found = list(judge(reading))
        mended.left, mended.reading = found, reading
        wanted = [
            one for one in found if _wanted(one, unsafe) and _key(one, reading) not in refused
        ]
        if not wanted:
            return mended
        for group in (_apart(wanted), *([one] for one in wanted)):
            try:
                reading = _made(reading, group, mended)
                mended.made += group
                break
            except (Unfit, Unreadable) as problem:
                if len(group) == 1:
                    refused.add(_key(group[0], reading))
                    mended.refused.append((group[0], str(problem)))
        else:
            continue
    mended.left, mended.reading = list(judge(reading)), reading
    return mended


def _wanted(diagnosis: Diagnosis, unsafe: bool) -> bool:
    fix = diagnosis.fix
    return fix is not None and bool(fix.edits) and (fix.safe or unsafe)


def _key(diagnosis: Diagnosis, reading: Reading) -> object:
    """The same for one fault on one line of code, wherever that line moves."""
    place = diagnosis.place
    lines = reading.lines(place.path, place.cell) if place else []
    line = lines[place.line - 1].strip() if place and place.line <= len(lines) else ""
    return diagnosis.fault.code, place and place.path, line, diagnosis.fix and diagnosis.fix.title


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


def _made(reading: Reading, group: Sequence[Diagnosis], mended: Mended) -> Reading:
    """Makes the fixes of a group together.

    Raises:
        Unfit: Their edits don't fit the files.
        Unreadable: What comes out is no Python any more.
    """
    edits = [edit for one in group if one.fix for edit in one.fix.edits]
    before, after = changed_bytes(reading, edits, mended.after)
    again = reread(reading, after)
    for path, data in before.items():
        mended.before.setdefault(path, data)
    mended.after.update(after)
    return again


def changed_bytes(
    reading: Reading, edits: Sequence[Edit], known: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files that edits change, as they are and as they are to be.

    Args:
        reading: The files.
        edits: In places as they are shown.
        known: Bytes of files that differ from what lies on disk.

    Raises:
        Unfit: The edits don't fit, or a file is not what was read.
    """
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    for path in dict.fromkeys(edit.place.path for edit in edits):
        before[path] = known[path] if path in known else _bytes(reading, path)
        here = [edit for edit in edits if edit.place.path == path]
        after[path] = mended_bytes(before[path], path, here)
        if after[path] == before[path]:
            raise Unfit("the mend changes nothing")
    return before, after


def reread(reading: Reading, changed: Mapping[str, bytes]) -> Reading:
    """The reading with other contents of some files.

    Raises:
        Unreadable: A file is no Python with its new content.
    """
    texts = [source_text(data, path, path) for path, data in changed.items()]
    return reading.with_texts(texts)


def _bytes(reading: Reading, path: str) -> bytes:
    """What a file holds, if it is still what was read."""
    text = reading.text(path)
    try:
        data = Path(os.path.join(reading.start, path)).read_bytes()
        same = text is not None and source_text(data, path, path) == text
    except (OSError, Unreadable):
        same = False
    if not same:
        raise Unfit(f"{path} is not what was read")
    return data
