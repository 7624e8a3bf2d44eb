"""`gradproof check --fix` and `gradproof fix`: mends, and who sees them first."""

from __future__ import annotations

import io
import sys
import tokenize
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from .options import Report, write

if TYPE_CHECKING:
    from ..answer import Answer
    from ..mending.rounds import Mended
    from ..reading import Reading


def mend_what_was_found(
    answer: Answer, reading: Reading, given: Mapping[str, bytes], *, unsafe: bool
) -> Mended:
    """Makes the fixes of an answer in memory, until nothing changes any more."""
    from ..faults import FAULTS
    from ..mending.judging import judge_of
    from ..mending.rounds import mend

    return mend(reading, answer.diagnoses, judge_of(FAULTS), unsafe=unsafe, known=given)


def show(mended: Mended, stream: TextIO) -> int:
    """Writes the diff of all files; the exit status says whether there is one."""
    from ..report.diff import unified
    from ..report.paint import paint_for

    for path in sorted(mended.after):
        before, after = (decoded(path, data[path]) for data in (mended.before, mended.after))
        write(unified(path, before, after, paint_for(stream)), stream)
    write(_counted(mended, "would be mended"), sys.stderr)
    return int(bool(mended.after))


def keep(mended: Mended, given: Mapping[str, bytes]) -> list[str]:
    """Writes the files; what came from stdin goes to stdout.

    Returns:
        Sentences about files that could not be written.
    """
    import os

    from ..mending.writing import NotWritten, write_atomically

    problems = []
    for path, before in given.items():
        sys.stdout.buffer.write(mended.after.get(path, before))
        sys.stdout.buffer.flush()
    for path, after in mended.after.items():
        if path in given:
            continue
        try:
            write_atomically(os.path.join(mended.reading.start, path), mended.before[path], after)
        except NotWritten as problem:
            problems.append(str(problem))
    return problems


def fix_and_report(
    mended: Mended, answer: Answer, given: Mapping[str, bytes], report: Report
) -> int:
    """Writes the mended files and reports what remains; gives the exit status."""
    from dataclasses import replace

    problems = keep(mended, given)
    answer = replace(answer, diagnoses=tuple(mended.left))
    stream = sys.stderr if given else sys.stdout
    report.give(answer, mended.reading, stream)
    words = sys.stderr if report.form != "text" or given else stream
    write(_counted(mended, "mended"), words)
    for problem in problems:
        write(f"gradproof: {problem}\n", sys.stderr)
    return 2 if problems else report.status(answer)


def _counted(mended: Mended, what: str) -> str:
    files = len(mended.after)
    left = len(mended.left)
    words = f"gradproof: {len(mended.made)} {what}"
    words += f" in {files} file{'' if files == 1 else 's'}" if files else ""
    words += f", {left} {'remains' if left == 1 else 'remain'}"
    unsafe = [one for one in mended.left if one.fix and one.fix.edits and not one.fix.safe]
    if unsafe and what:
        words += f" ({len(unsafe)} could be mended with --unsafe)"
    lines = [words]
    lines += [
        f"  - not mended, {one.fault.code} {one.fault.name}: {why}" for one, why in mended.refused
    ]
    return "\n".join(lines) + "\n"


def decoded(path: str, data: bytes) -> str:
    """The text of a file for a diff, its line ends as they are."""
    if path.endswith(".ipynb"):
        return data.decode("utf-8-sig", "replace")
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding, "replace")
