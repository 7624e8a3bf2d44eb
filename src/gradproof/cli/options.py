"""The options that commands share, and where their reports go."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from ..answer import Answer
    from ..fault import Diagnosis, Fault
    from ..reading import Reading

USAGE = 2
"""Exit status for input that we can't work with."""

Work = Callable[[], int]
"""What a command does after its options are understood; gives the status."""


def report_options(command: Callable[..., Work]) -> Callable[..., Work]:
    """The options that `check` and `run` share; `Report` takes them."""
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
            "--format", "form", type=click.Choice(["text", "json", "github", "sarif"]),
            default="text", show_default=True, help="For people or for programs.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


class Report:
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
        self.faults = chosen(select, ignore)
        if output:
            try_to_write(output)

    def status(self, answer: Answer) -> int:
        """Exit status for an answer."""
        return int(answer.wrong and not self.exit_zero)

    def give(self, answer: Answer, reading: Reading, stream: TextIO) -> None:
        """Writes the answer to `--output`, else to the stream."""
        if not self.output:
            write(self._rendered(answer, reading, stream), stream)
            return
        with open(self.output, "w", encoding="utf-8") as file:
            file.write(self._rendered(answer, reading, file))

    def tell(self, stream: TextIO, diagnosis: Diagnosis, reading: Reading) -> None:
        """Writes one diagnosis while the program still runs."""
        from ..report import text
        from ..report.paint import paint_for

        if self.form == "text" or self.output:
            block = text.render_diagnosis(diagnosis, reading.lines, paint_for(stream))
            write(f"\n{block}\n\n", stream)

    def _rendered(self, answer: Answer, reading: Reading, stream: TextIO) -> str:
        if self.form == "json":
            from ..report import json

            return json.render(answer)
        if self.form == "github":
            from ..report import github

            return github.render(answer)
        if self.form == "sarif":
            from ..report import sarif

            return sarif.render(answer, reading.lines)
        from ..report import text
        from ..report.paint import paint_for

        report = text.render(answer, reading.lines, paint_for(stream))
        # Set off from what the program printed last.
        return f"\n{report}" if answer.command == "run" and answer.diagnoses else report


def chosen(select: Sequence[str], ignore: Sequence[str]) -> tuple[Fault, ...]:
    """The faults that `--select` and `--ignore` leave.

    Raises:
        click.BadParameter: No fault has such a name or code.
    """
    from ..faults import FAULTS

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


def try_to_write(path: str) -> None:
    """Refuses an `--output` that can't be written before any work is done.

    Raises:
        click.BadParameter: It can't.
    """
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


def refuse(sentence: str) -> int:
    """Says on stderr why nothing was done; the exit status for it."""
    write(f"gradproof: {sentence}\n", sys.stderr)
    return USAGE


def write(text: str, stream: TextIO) -> None:
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
