"""`gradproof run`: runs a program unchanged and watches every update."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from .options import USAGE, Report, Work, refuse, report_options, try_to_write, write

if TYPE_CHECKING:
    from ..fault import Diagnosis
    from ..launch import Program
    from ..reading import Reading


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-m", "module", metavar="MODULE", help="Run a module, as `python -m` does.")
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    metavar="N",
    help="End the program after N updates (all optimizers together), as `sys.exit()` there would; "
    "`finally` and `atexit` run. Inside a call that makes several updates, at its end.",
)
@click.option(
    "--stop-on",
    type=click.Choice(["error"]),
    metavar="error",
    help="End the program in the same way as soon as an error is proven.",
)
@click.option("--keep-going", is_flag=True, help="Never end the program (the default).")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    metavar="K",
    help="Read and judge after every K updates. Every update is measured in any case; without "
    "this option the 1st, 2nd, 3rd, 5th, 10th, 20th, 50th and so on is judged, a new gradient "
    "call or place of update at once, and so is the first number that is not finite.",
)
@click.option(
    "--record",
    metavar="FILE",
    help="Keep the run record in this file, not in `.gradproof/runs` (which holds the newest 20).",
)
@click.option(
    "--variable",
    metavar="NAME",
    help="Show the last audited step of this variable term by term: a path such as "
    "`dense/kernel`, or some of its components.",
)
@click.option("--no-record", is_flag=True, help="Keep no run record.")
@report_options
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...")
def run(
    program: tuple[str, ...],
    module: str | None,
    steps: int | None,
    stop_on: str | None,
    keep_going: bool,
    every: int | None,
    record: str | None,
    no_record: bool,
    variable: str | None,
    **options: object,
) -> Work:
    """Run a program unchanged, watch every update, and say what fails.

    What stands after the script belongs to the script. The report goes to
    stderr; stdout is the program's own.
    """
    from ..launch import Program

    if module is None and (not program or program[0].startswith("-")):
        wrong = f"no such option: {program[0]}" if program else "a script or -m MODULE is needed"
        raise click.UsageError(wrong)
    if module is None:
        what = Program(program[0], program[1:])
    else:
        what = Program(module, program, module=True)
    if keep_going and stop_on:
        raise click.UsageError("--stop-on and --keep-going exclude each other")
    if no_record and record:
        raise click.UsageError("--record and --no-record exclude each other")
    if record:
        _try_to_record(record)
    limits = Limits(steps, every, bool(stop_on), record, not no_record)
    return partial(_run, what, Report(**options), limits, variable)  # type: ignore[arg-type]


class Limits(NamedTuple):
    """The options about how far a run goes and what is kept of it."""

    steps: int | None
    every: int | None
    stop_on_error: bool
    record: str | None
    recorded: bool


def _run(program: Program, report: Report, limits: Limits, variable: str | None) -> int:
    from .. import api, files
    from ..faults import FAULTS
    from ..running import Wishes

    # The program may put something else in the place of sys.stderr.
    stream = sys.stderr
    patient = stream is not None and stream.isatty()

    def say(words: str) -> None:
        # Where stderr is a file on a full disk, nobody can be told.
        with suppress(OSError):
            write(f"{words}\n", stream)

    def tell(diagnosis: Diagnosis, reading: Reading) -> None:
        with suppress(OSError):
            report.tell(stream, diagnosis, reading)

    wishes = Wishes(*limits, say=say, patient=patient, variable=variable)
    try:
        answer, reading, ending = api.run(
            program,
            FAULTS,
            tell,
            configuration=report.configuration,
            wishes=wishes,
        )
    except files.Unreadable as problem:
        return refuse(str(problem))
    try:
        report.give(answer, reading, stream)
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        say(f"gradproof: {report.output or 'the report'}: can't be written ({reason})")
        return ending.status or USAGE
    if ending.interrupted:
        # Python itself then ends as after any Ctrl-C, killed by the signal;
        # the program's traceback has been shown.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    return ending.status or report.status(answer)


def _try_to_record(path: str) -> None:
    """Refuses a file that is something else than a record, or can't be written.

    Raises:
        click.BadParameter: It is.
    """
    from ..record import is_record

    if os.path.isfile(path) and os.path.getsize(path) and not is_record(path):
        raise click.BadParameter(
            f"{path}: there already, and not a run record", param_hint="--record"
        )
    try_to_write(path, "--record")
