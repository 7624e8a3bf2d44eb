"""`gradproof check`: reads programs without running them."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from .options import Report, Work, refuse, report_options, write

if TYPE_CHECKING:
    from ..answer import Answer
    from ..check import Manner
    from ..reading import Reading

Begin = Callable[[int], Callable[[int], None]]

MANY = 100
"""Files from which on a bar shows how far it is."""


class Asked(NamedTuple):
    """The options that only `check` has."""

    paths: tuple[str, ...]
    stdin_filename: str | None
    force_exclude: bool
    baseline: str | None
    write_baseline: str | None
    statistics: bool
    jobs: int
    no_cache: bool
    fix: bool
    diff: bool
    unsafe: bool


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@report_options
@click.option("--exclude", multiple=True, metavar="PATTERNS", help="Leave out, as .gitignore does.")
@click.option("--force-exclude", is_flag=True, help="Leave out files that are named, too.")
@click.option("--stdin-filename", metavar="FILE", help="What the code from stdin (-) is called.")
@click.option("--baseline", metavar="FILE", help="Leave out the old faults that it lists.")
@click.option("--write-baseline", metavar="FILE", help="List the faults of today in a file.")
@click.option("--statistics", is_flag=True, help="Count each fault instead of showing it.")
@click.option(
    "--jobs", type=click.IntRange(0), default=0, metavar="N", help="Most processes to use."
)
@click.option("--no-cache", is_flag=True, help="Judge all files anew.")
@click.option("--fix", is_flag=True, help="Write the safe mends into the files.")
@click.option("--diff", is_flag=True, help="Show the mends as a diff and write nothing.")
@click.option("--unsafe", is_flag=True, help="Mends, too, that decide what was meant.")
def check(
    paths: tuple[str, ...],
    stdin_filename: str | None,
    force_exclude: bool,
    baseline: str | None,
    write_baseline: str | None,
    statistics: bool,
    jobs: int,
    no_cache: bool,
    fix: bool,
    diff: bool,
    unsafe: bool,
    **options: object,
) -> Work:
    """Read programs (.py, .ipynb, folders, or - for stdin) without running them."""
    if "-" in paths and len(paths) > 1:
        raise click.UsageError("- (stdin) can't be read together with other paths")
    if statistics and options["form"] != "text":
        raise click.UsageError("--statistics goes with --format text")
    if unsafe and not (fix or diff):
        raise click.UsageError("--unsafe goes with --fix or --diff")
    asked = Asked(
        paths or (".",),
        stdin_filename,
        force_exclude,
        baseline,
        write_baseline,
        statistics,
        jobs,
        no_cache,
        fix,
        diff,
        unsafe,
    )
    return partial(_check, asked, Report(**options))  # type: ignore[arg-type]


def _check(asked: Asked, report: Report) -> int:
    report.counts = asked.statistics
    # Python looks for cycles once more before it ends; that took 9 of 140 ms for one file.
    atexit.register(gc.freeze)
    try:
        return _checked(asked, report)
    # Wherever it comes: importing what reads takes its time, too.
    except KeyboardInterrupt:
        return 130


def _checked(asked: Asked, report: Report) -> int:
    from .. import check, files

    try:
        with _progress() as begin:
            manner = _manner(asked, report, begin)
            answer, reading = check.check(
                [path for path in asked.paths if path != "-"], manner=manner
            )
        if asked.write_baseline:
            return _write_baseline(asked.write_baseline, answer, reading)
    except files.Unreadable as problem:
        return refuse(str(problem))
    if asked.fix or asked.diff:
        return _mend(asked, report, answer, reading, manner)
    report.give(answer, reading, sys.stdout)
    return report.status(answer)


def _mend(asked: Asked, report: Report, answer: Answer, reading: Reading, manner: Manner) -> int:
    """Makes the mends of what was found, or shows them."""
    from ..files import shown_path
    from . import fix

    given = {}
    if manner.given is not None:
        name, data = manner.given
        given[shown_path(name, os.getcwd())] = data
    mended = fix.mend_what_was_found(answer, reading, given, unsafe=asked.unsafe)
    if asked.diff:
        return fix.show(mended, sys.stdout)
    return fix.fix_and_report(mended, answer, given, report)


def _manner(asked: Asked, report: Report, begin: Begin) -> Manner:
    """How `check` is to go about it.

    Raises:
        Unreadable: The configuration makes no sense.
    """
    from ..check import Manner
    from ..files import LARGEST

    configured = report.configuration.at(os.getcwd()).baseline
    given = None
    if "-" in asked.paths:
        given = asked.stdin_filename or "<stdin>", sys.stdin.buffer.read(LARGEST + 1)
    return Manner(
        report.configuration,
        asked.force_exclude,
        given,
        asked.jobs,
        not asked.no_cache,
        None if asked.write_baseline else asked.baseline or configured,
        begin,
    )


def _write_baseline(path: str, answer: Answer, reading: Reading) -> int:
    """Writes the faults of today into a file, and says how many.

    Raises:
        Unreadable: It can't be written.
    """
    from .. import baseline
    from ..report.text import counted

    faults = counted(baseline.write(path, answer.diagnoses, reading.lines), "fault")
    files = counted(answer.files, "file")
    write(f"gradproof: {path} lists {faults} in {files}\n", sys.stdout)
    return 0


@contextmanager
def _progress() -> Iterator[Begin]:
    """A bar on a terminal when there are many files; elsewhere nothing."""
    with ExitStack() as stack:

        def begin(total: int) -> Callable[[int], None]:
            if total < MANY or not sys.stderr.isatty():
                return lambda done: None
            from rich.console import Console
            from rich.progress import Progress

            console = Console(stderr=True)
            bar = stack.enter_context(Progress(console=console, transient=True))
            task = bar.add_task("reading", total=total)
            return lambda done: bar.update(task, completed=done)

        yield begin
