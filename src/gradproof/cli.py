"""The command line: `gradproof check`, `run` and `explain`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from . import __version__

if TYPE_CHECKING:
    from .answer import Answer
    from .fault import Diagnosis, Fault
    from .launch import Program
    from .reading import Reading

USAGE = 2
"""Exit status for input that we can't work with."""

Work = Callable[[], int]
"""What a command does after its options are understood; gives the status."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits with its status.

    The work itself begins when click is done: a watched program must find
    neither click's context nor its handling of Ctrl-C around it.
    """
    try:
        work = gradproof.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="gradproof",
            standalone_mode=False,
        )
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except click.Abort:
        sys.exit(130)
    # `--help` and `--version` end with a number instead of work.
    sys.exit(work() if callable(work) else work)


def _options(command: Callable[..., Work]) -> Callable[..., Work]:
    """The options that `check` and `run` share."""
    for option in (
        click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
        click.option(
            "--keras", type=click.Choice(["2", "3"]), help="Generation, if the code can't tell."
        ),
        click.option("--ignore", multiple=True, metavar="FAULTS", help="Leave these out."),
        click.option(
            "--select", multiple=True, metavar="FAULTS", help="Only these names, codes, GP4..."
        ),
        click.option("--output", metavar="FILE", help="Write the report to a file."),
        click.option(
            "--format", "form", type=click.Choice(["text", "json"]), default="text",
            show_default=True, help="For people or for programs.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradproof")
def gradproof() -> None:
    """Why is my parameter update failing? gradproof names the line."""


@gradproof.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@_options
def check(paths: tuple[str, ...], **options: object) -> Work:
    """Read programs (.py, .ipynb, folders) without running them."""
    return partial(_check, paths or (".",), _Report(**options))  # type: ignore[arg-type]


@gradproof.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option("-m", "module", metavar="MODULE", help="Run a module, as `python -m` does.")
@_options
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...")
def run(program: tuple[str, ...], module: str | None, **options: object) -> Work:
    """Run a program unchanged, watch every update, and say what fails.

    What stands after the script belongs to the script. The report goes to
    stderr; stdout is the program's own.
    """
    from .launch import Program

    if module is None and (not program or program[0].startswith("-")):
        wrong = f"no such option: {program[0]}" if program else "a script or -m MODULE is needed"
        raise click.UsageError(wrong)
    if module is None:
        what = Program(program[0], program[1:])
    else:
        what = Program(module, program, module=True)
    return partial(_run, what, _Report(**options))  # type: ignore[arg-type]


@gradproof.command()
@click.argument("fault", required=False)
def explain(fault: str | None) -> Work:
    """Show the page of a fault (name or code), or list all of them."""
    return partial(_explain, fault)


class _Report:
    """The options about what is reported, and where it goes."""

    def __init__(
        self,
        form: str,
        output: str | None,
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        keras: str | None,
        exit_zero: bool,
    ) -> None:
        self.form = form
        self.output = output
        self.keras = keras
        self.exit_zero = exit_zero
        self.faults = _chosen(select, ignore)
        if output:
            _try_to_write(output)

    def status(self, answer: Answer) -> int:
        """Exit status for an answer."""
        return int(answer.wrong and not self.exit_zero)

    def give(self, answer: Answer, reading: Reading, stream: TextIO) -> None:
        """Writes the answer to `--output`, else to the stream."""
        if not self.output:
            _write(self._rendered(answer, reading, stream), stream)
            return
        with open(self.output, "w", encoding="utf-8") as file:
            file.write(self._rendered(answer, reading, file))

    def tell(self, stream: TextIO, diagnosis: Diagnosis, reading: Reading) -> None:
        """Writes one diagnosis while the program still runs."""
        from .report import text
        from .report.paint import paint_for

        if self.form == "text" or self.output:
            block = text.render_diagnosis(diagnosis, reading.lines, paint_for(stream))
            _write(f"\n{block}\n\n", stream)

    def _rendered(self, answer: Answer, reading: Reading, stream: TextIO) -> str:
        if self.form == "json":
            from .report import json

            return json.render(answer)
        from .report import text
        from .report.paint import paint_for

        report = text.render(answer, reading.lines, paint_for(stream))
        # Set off from what the program printed last.
        return f"\n{report}" if answer.command == "run" and answer.diagnoses else report


def _check(paths: Sequence[str], report: _Report) -> int:
    from . import api, files

    try:
        answer, reading = api.check(paths, report.faults, report.keras)
    except files.Unreadable as problem:
        return _refuse(str(problem))
    report.give(answer, reading, sys.stdout)
    return report.status(answer)


def _run(program: Program, report: _Report) -> int:
    from . import api, files

    # The program may put something else in the place of sys.stderr.
    stream = sys.stderr
    try:
        answer, reading, ending = api.run(
            program, report.faults, partial(report.tell, stream), report.keras
        )
    except files.Unreadable as problem:
        return _refuse(str(problem))
    report.give(answer, reading, stream)
    if ending.interrupted:
        # Python itself then ends as after any Ctrl-C, killed by the signal;
        # the program's traceback has been shown.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    return ending.status or report.status(answer)


def _explain(name: str | None) -> int:
    from .explain import listing, page, similar
    from .faults import FAULTS

    if name is None:
        _write(listing(FAULTS), sys.stdout)
        return 0
    for fault in FAULTS:
        if name.lower() in (fault.name, fault.code.lower()):
            page(fault, sys.stdout)
            return 0
    near = similar(name, FAULTS)
    return _refuse(f"no fault is called {name!r}" + (f"; did you mean {near}?" if near else ""))


def _chosen(select: Sequence[str], ignore: Sequence[str]) -> tuple[Fault, ...]:
    """The faults that `--select` and `--ignore` leave."""
    from .faults import FAULTS

    def meant(words: Sequence[str], option: str) -> set[str]:
        codes: set[str] = set()
        for word in (part.strip() for text in words for part in text.split(",")):
            found = {
                fault.code
                for fault in FAULTS
                if word.lower() == fault.name
                or (word.upper().startswith("GP") and fault.code.startswith(word.upper()))
            }
            if not found:
                raise click.BadParameter(f"no fault is called {word!r}", param_hint=option)
            codes |= found
        return codes

    wanted = meant(select, "--select") or {fault.code for fault in FAULTS}
    wanted -= meant(ignore, "--ignore")
    return tuple(fault for fault in FAULTS if fault.code in wanted)


def _try_to_write(path: str) -> None:
    """Refuses an `--output` that can't be written before any work is done."""
    folder = Path(path).absolute().parent
    if os.path.isdir(path):
        raise click.BadParameter(f"{path}: is a folder", param_hint="--output")
    try:
        if folder.is_dir() and not os.path.exists(path):
            with open(path, "x", encoding="utf-8"):
                pass
            os.unlink(path)
        else:
            with open(path, "a", encoding="utf-8"):
                pass
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise click.BadParameter(
            f"{path}: can't be written ({reason})", param_hint="--output"
        ) from None


def _refuse(sentence: str) -> int:
    _write(f"gradproof: {sentence}\n", sys.stderr)
    return USAGE


def _write(text: str, stream: TextIO) -> None:
    """Writes and flushes; a reader that has gone away is no reason to fail."""
    try:
        # Source may have characters that an old terminal can't show.
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # Python flushes once more at exit and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except ValueError:
        # The program closed the stream; then there is nobody to tell.
        pass
