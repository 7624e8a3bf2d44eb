"""`gradproof run`: runs a program unchanged and watches every update."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from .options import Report, Work, refuse, report_options

if TYPE_CHECKING:
    from ..launch import Program


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-m", "module", metavar="MODULE", help="Run a module, as `python -m` does.")
@report_options
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...")
def run(program: tuple[str, ...], module: str | None, **options: object) -> Work:
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
    return partial(_run, what, Report(**options))  # type: ignore[arg-type]


def _run(program: Program, report: Report) -> int:
    from .. import api, files

    # The program may put something else in the place of sys.stderr.
    stream = sys.stderr
    try:
        answer, reading, ending = api.run(
            program, report.faults, partial(report.tell, stream), report.keras
        )
    except files.Unreadable as problem:
        return refuse(str(problem))
    report.give(answer, reading, stream)
    if ending.interrupted:
        # Python itself then ends as after any Ctrl-C, killed by the signal;
        # the program's traceback has been shown.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    return ending.status or report.status(answer)
