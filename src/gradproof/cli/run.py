"""`gradproof run`: runs a program unchanged and watches every update."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import click

from .exporting import Exporting, Exports, export, export_options
from .options import USAGE, Report, Work, refuse, report_options, try_to_write, write
from .views import Views, html_file

if TYPE_CHECKING:
    from ..answer import Answer
    from ..fault import Diagnosis
    from ..launch import Ending, Program
    from ..reading import Reading


@click.command(
    cls=Exporting,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
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
@export_options
@click.option("--verbose", is_flag=True, help="Show every variable, however many there are.")
@click.option("--no-record", is_flag=True, help="Keep no run record.")
@click.option(
    "--html",
    metavar="FILE|DIR",
    help="When the run has ended, write a page with charts too, that opens offline.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Show that page while the run goes on, on this machine only; the address is printed.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Port for --live; without it any that is free.",
)
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
    html: str | None,
    live: bool,
    port: int | None,
    verbose: bool,
    tensorboard: str | None,
    mlflow: str | None,
    **options: object,
) -> Work:
    """Run a program unchanged, watch every update, and say what fails.

    What stands after the script belongs to the script. The report goes to
    stderr; stdout is the program's own. Of a notebook (.ipynb) the Python of
    all cells runs, as one program in its folder.
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
    if port is not None and not live:
        raise click.UsageError("--port goes with --live")
    if options["form"] == "html":
        if not options["output"]:
            raise click.UsageError("html is for files: name one with --html")
        html, options = html or str(options["output"]), {**options, "form": "text", "output": None}
    exports = Exports(tensorboard, mlflow)
    if no_record and exports.wanted:
        raise click.UsageError(
            f"--{exports.wanted[0]} is made of the record: leave --no-record out"
        )
    if record:
        _try_to_record(record)
    looks = Looks(html_file(html) if html else None, (port or 0) if live else None)
    limits = Limits(steps, every, bool(stop_on), record, not no_record)
    report = Report(**options)  # type: ignore[arg-type]
    report.whole = verbose
    return partial(_run, what, report, limits, variable, looks, exports)


class Looks(NamedTuple):
    """The options about pages: a file, and a port while the run goes on."""

    html: str | None
    port: int | None


class Limits(NamedTuple):
    """The options about how far a run goes and what is kept of it."""

    steps: int | None
    every: int | None
    stop_on_error: bool
    record: str | None
    recorded: bool


class _Voice:
    """What is said while the program runs, to the stderr with which it began.

    The program may put something else in the place of `sys.stderr`. Where that
    is a file on a full disk, nobody can be told.
    """

    def __init__(self, report: Report) -> None:
        self.stream = sys.stderr
        self.patient = self.stream is not None and self.stream.isatty()
        self._report = report

    def say(self, words: str) -> None:
        """Says one line."""
        with suppress(OSError):
            write(f"{words}\n", self.stream)

    def tell(self, diagnosis: Diagnosis, reading: Reading) -> None:
        """Tells what was found, as soon as it is."""
        with suppress(OSError):
            self._report.tell(self.stream, diagnosis, reading)


def _run(
    program: Program,
    report: Report,
    limits: Limits,
    variable: str | None,
    looks: Looks,
    exports: Exports,
) -> int:
    from .. import api, files, needs
    from ..faults import FAULTS
    from ..running import Wishes

    if needs.absent():
        return refuse(needs.TO_RUN.format(nothing="there is nothing to watch"))
    if exports.lacking:
        return refuse(exports.lacking)
    kept: list[Path] = []
    folder = os.getcwd() if exports.wanted else ""
    voice = _Voice(report)
    say = voice.say
    views = Views(*looks, say)
    endings = [views.end]

    def opened(path: Path) -> None:
        kept.append(path)
        views.opened(path)
        endings.append(exports.follow(path, say))

    if not limits.recorded and (record := views.record()):
        limits = limits._replace(record=record)
    wishes = Wishes(*limits, say=say, patient=voice.patient, variable=variable, opened=opened)
    try:
        answer, reading, ending = api.run(
            program, FAULTS, voice.tell, configuration=report.configuration, wishes=wishes
        )
        problem = _give(answer, reading, report, views, voice.stream)
    except files.Unreadable as unreadable:
        return refuse(str(unreadable))
    finally:
        for end in endings:
            end()
    if problem:
        say(f"gradproof: {problem}")
        return ending.status or USAGE
    failed = exports.wanted and not export(exports, kept, folder, say)
    return _status(ending, USAGE if failed else report.status(answer))


def _status(ending: Ending, ours: int) -> int:
    """The program's own exit status; where it has none to tell, ours.

    Raises:
        KeyboardInterrupt: Ctrl-C ended the program.
    """
    if ending.interrupted:
        # Python itself then ends as after any Ctrl-C, killed by the signal;
        # the program's traceback has been shown.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    return ending.status or ours


def _give(answer: Answer, reading: Reading, report: Report, views: Views, stream: TextIO) -> str:
    """Gives the report in all its forms; what could not be written, in words."""
    from ..serving import NotShown

    try:
        report.give(answer, reading, stream)
        views.write(answer, reading)
    except NotShown as problem:
        return str(problem)
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        return f"{problem.filename or 'the report'}: can't be written ({reason})"
    return ""


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
