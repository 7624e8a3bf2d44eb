"""`gradproof check --fix` and `gradproof fix`: mends, and who sees them first."""

from __future__ import annotations

import io
import os
import sys
import tokenize
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TextIO

import click

from .options import USAGE, Report, Work, refuse, write
from .views import show_proof

if TYPE_CHECKING:
    from ..answer import Answer
    from ..fault import Diagnosis
    from ..mending.proving import Proven
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
    aside = sys.stderr if report.form != "text" or given else stream
    write(_counted(mended, "mended"), aside)
    for words in problems:
        write(f"gradproof: {words}\n", sys.stderr)
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


@click.command()
@click.argument("paths", nargs=-1, type=click.UNPROCESSED, metavar="[PATHS]... [-- ARGS]")
@click.option("--write", "written", is_flag=True, help="Write the mends into the files.")
@click.option(
    "--unsafe",
    is_flag=True,
    help="Mends, too, that decide what was meant; with --prove, of what is only advice.",
)
@click.option(
    "--prove", is_flag=True, help="Run the program before and after; keep only what heals it."
)
@click.option("--steps", type=click.IntRange(1), metavar="N", help="End each run after N updates.")
@click.option("--keras", type=click.Choice(["2", "3"]), help="The generation the code is for.")
@click.option("--select", multiple=True, metavar="FAULTS", help="Only these names, codes, GP4...")
@click.option("--ignore", multiple=True, metavar="FAULTS", help="Leave these out.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html"]),
    default="text",
    show_default=True,
    help="With --prove: as text, or as a page for a browser.",
)
@click.option("--output", metavar="FILE", help="With --prove: write the proof to a file.")
def fix(
    paths: tuple[str, ...],
    written: bool,
    unsafe: bool,
    prove: bool,
    steps: int | None,
    keras: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    form: str,
    output: str | None,
) -> Work:
    """Show the mends of programs, each with its reason; --write writes them.

    With --prove the path is one program, or a notebook. It is run in copies of its folder,
    from the same seeds, as it is and with each mend; what heals it and breaks
    nothing is kept, whether safe or unsafe. What stands after -- belongs to
    the program.
    """
    named, arguments = split_arguments(paths)
    if prove and (len(named) != 1 or named[0] == "-"):
        raise click.UsageError("--prove needs one program")
    if arguments and not prove:
        raise click.UsageError("arguments after -- go with --prove")
    if steps and not prove:
        raise click.UsageError("--steps goes with --prove")
    if (output or form != "text") and not prove:
        raise click.UsageError("--format and --output go with --prove")
    if form == "html" and not output:
        raise click.UsageError("html is for files: name one with --output")
    report = Report(form, output, select, ignore, keras, False, False)
    if prove:
        return partial(_prove, named[0], arguments, steps, written, unsafe, report)
    return partial(_show_mends, named or (".",), written, unsafe, report)


def split_arguments(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths, and what stands after `--` on the command line."""
    # click takes the first `--` away, so the command line itself is asked.
    given = sys.argv[1:]
    if "--" not in given:
        return words, ()
    behind = given[given.index("--") + 1 :]
    count = len(words) - len(behind)
    return words[:count], words[count:]


def _show_mends(paths: Sequence[str], written: bool, unsafe: bool, report: Report) -> int:
    from .. import check, files

    try:
        manner = check.Manner(report.configuration)
        answer, reading = check.check(list(paths), manner=manner)
    except files.Unreadable as problem:
        return refuse(str(problem))
    # What is only shown may decide what was meant; the reader decides then.
    mended = mend_what_was_found(answer, reading, {}, unsafe=unsafe or not written)
    for one in mended.made:
        write(_reason(one), sys.stdout)
    problems = []
    if written:
        problems = keep(mended, {})
    else:
        show(mended, sys.stdout)
    for one in mended.left:
        if not (one.fix and one.fix.edits):
            write(_reason(one), sys.stdout)
    if written:
        write(_counted(mended, "mended"), sys.stdout)
    for words in problems:
        write(f"gradproof: {words}\n", sys.stderr)
    if problems:
        return USAGE
    return int(bool(mended.left) or (bool(mended.after) and not written))


def _reason(diagnosis: Diagnosis) -> str:
    """One line: where, what, and what is done about it."""
    place = diagnosis.place
    where = f"{place.words}: " if place else ""
    edits = diagnosis.fix.edits if diagnosis.fix else ()
    lead = "not mended, needs judgement: "
    if edits and diagnosis.fix:
        lead = "" if diagnosis.fix.safe else "unsafe: "
    help_ = f"; {lead}{diagnosis.fix.title}" if diagnosis.fix else ""
    return f"{where}{diagnosis.fault.code} {diagnosis.fault.name}: {diagnosis.title}{help_}\n"


def _prove(
    script: str,
    arguments: tuple[str, ...],
    steps: int | None,
    written: bool,
    unsafe: bool,
    report: Report,
) -> int:
    from .. import files, needs
    from ..faults import FAULTS
    from ..mending.copies import TooLarge, root_of
    from ..mending.measuring import Trial
    from ..mending.proving import prove_mends

    wrong = _no_program(script)
    if wrong:
        return refuse(wrong)
    if needs.absent():
        return refuse(needs.TO_RUN.format(nothing="nothing can be proven by a run"))
    whole = os.path.abspath(script)
    root = root_of(script)
    try:
        keras = report.configuration.keras(whole)
        trial = Trial(os.path.relpath(whole, root), arguments, steps, keras)
        left_out = report.configuration.codes_left_out(whole)
        faults = [fault for fault in FAULTS if fault.code not in left_out]
        proven = prove_mends(
            trial, root, faults, advice=unsafe, say=lambda words: write(f"{words}\n", sys.stderr)
        )
    except (files.Unreadable, TooLarge) as problem:
        return refuse(str(problem))
    except KeyboardInterrupt:
        return 130
    return _conclude(proven, root, written, report)


def _conclude(proven: Proven, root: str, written: bool, report: Report) -> int:
    """Shows the proof and writes what healed; gives the exit status."""
    try:
        show_proof(proven, report)
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        return refuse(f"{report.output}: can't be written ({reason})")
    if proven.proof.before.failure:
        return USAGE
    problems = _written(proven, root) if written else []
    for words in problems:
        write(f"gradproof: {words}\n", sys.stderr)
    if proven.after and not written:
        write("  - nothing is written; --write writes it\n", sys.stdout)
    if problems:
        return USAGE
    remains = any(one.level != "advice" for one in proven.proof.words)
    return int(remains or (bool(proven.after) and not written))


def _no_program(script: str) -> str:
    """Why a path can't be run; empty if it can."""
    if os.path.isdir(script):
        return f"{script}: a folder, not a program"
    return "" if os.path.exists(script) else f"{script}: no such file"


def _written(proven: Proven, root: str) -> list[str]:
    """Writes what was proven; sentences about files that could not be."""
    from ..mending.writing import NotWritten, write_atomically

    problems = []
    for path, after in proven.after.items():
        try:
            write_atomically(os.path.join(root, path), proven.before[path], after)
        except NotWritten as problem:
            problems.append(str(problem))
        else:
            write(f"  - written: {path}\n", sys.stdout)
    return problems
