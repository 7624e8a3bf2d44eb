"""The options that commands share, and where their reports go."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

import click

from ..generation import GENERATIONS

if TYPE_CHECKING:
    from ..answer import Answer
    from ..evidence.run import Run
    from ..evidence.series import Series
    from ..fault import Diagnosis
    from ..reading import Reading
    from ..record import Record

USAGE = 2
"""Exit status for input that we can't work with."""

FRESH = 30.0
"""Seconds for which a diagnosis that was told is not told again in full."""

Work = Callable[[], int]
"""What a command does after its options are understood; gives the status."""


class Sources(Protocol):
    """Whoever has the source lines: the files read now, or a run record."""

    def lines(self, path: str, cell: int | None) -> Sequence[str]:
        """The lines of a file, or of one cell of it."""


class Seen(NamedTuple):
    """What a page shows of a run beside the answer."""

    run: Run | None = None
    series: Sequence[Series] = ()
    about: Mapping[str, object] = {}


def report_options(command: Callable[..., Work]) -> Callable[..., Work]:
    """The options that `check` and `run` share; `Report` takes them."""
    for option in (
        click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found."),
        click.option(
            "--isolated", is_flag=True, help="Ignore pyproject.toml and requirements files."
        ),
        click.option(
            "--keras", type=click.Choice(GENERATIONS), help="The generation the code is for."
        ),
        click.option("--ignore", multiple=True, metavar="FAULTS", help="Leave these out."),
        click.option(
            "--select", multiple=True, metavar="FAULTS", help="Only these names, codes, GP4..."
        ),
        click.option("--output", metavar="FILE", help="Write the report to a file."),
        click.option(
            "--format", "form", type=click.Choice(["text", "json", "github", "sarif", "html"]),
            default="text", show_default=True, help="For people, for programs, for a browser.",
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
        isolated: bool,
        exit_zero: bool,
        exclude: tuple[str, ...] = (),
    ) -> None:
        from ..config import Choice, Configuration

        self.form = form
        self.counts = False
        self.whole = False
        # The program may go to another folder.
        self.output = os.path.abspath(output) if output else None
        self.exit_zero = exit_zero
        self._told: list[tuple[float, Diagnosis]] = []
        self.configuration = Configuration(
            Choice(
                codes(select, "--select") if select else None,
                codes(ignore, "--ignore"),
                tuple(part for text in exclude for part in text.split(",") if part),
                keras,
                isolated,
            )
        )
        if output:
            try_to_write(output)

    def status(self, answer: Answer) -> int:
        """Exit status for an answer."""
        if answer.failed:
            return USAGE
        return int(answer.wrong and not self.exit_zero)

    def give(
        self, answer: Answer, reading: Sources, stream: TextIO, seen: Seen | None = None
    ) -> None:
        """Writes the answer to `--output`, else to the stream."""
        if not self.output:
            write(self._rendered(answer, reading, stream, seen), stream)
            return
        with open(self.output, "w", encoding="utf-8") as file:
            file.write(self._rendered(answer, reading, file, seen))

    def tell(self, stream: TextIO, diagnosis: Diagnosis, reading: Reading) -> None:
        """Writes one diagnosis while the program still runs."""
        from ..report import text
        from ..report.paint import paint_for

        if self.form == "text" or self.output:
            block = text.render_diagnosis(diagnosis, reading.lines, paint_for(stream))
            write(f"\n{block}\n\n", stream)
            self._told.append((time.monotonic(), diagnosis))

    def _fresh(self) -> list[Diagnosis]:
        """What was told so shortly ago that the reader still has it before them."""
        return [one for at, one in self._told if time.monotonic() - at < FRESH]

    def _rendered(self, answer: Answer, reading: Sources, stream: TextIO, seen: Seen | None) -> str:
        if self.form == "html":
            return page(answer, reading, seen)
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

        if self.counts:
            return text.render_counts(answer, paint_for(stream))
        told = () if self.output else self._fresh()
        report = text.render(answer, reading.lines, paint_for(stream), self.whole, told)
        # Set off from what the program printed last.
        apart = answer.command == "run" and (answer.diagnoses or answer.account)
        return f"\n{report}" if apart else report


def seen_in(record: Record) -> Seen:
    """What a run record has for a page.

    Raises:
        Unusable: It is broken.
    """
    return Seen(record.facts(), record.series(), record.about)


def page(answer: Answer, reading: Sources, seen: Seen | None = None) -> str:
    """The report as an HTML page."""
    from ..report import html

    return html.render(html.Page(answer, reading.lines, *(seen or Seen())))


def codes(words: Sequence[str], option: str) -> frozenset[str]:
    """The codes of the faults that an option names.

    Raises:
        click.BadParameter: No fault has such a name or code.
    """
    if not words:
        return frozenset()
    from ..config import Unknown, named
    from ..faults import FAULTS

    try:
        return named(words, FAULTS)
    except Unknown as problem:
        raise click.BadParameter(f"no fault is called '{problem}'", param_hint=option) from None


def try_to_write(path: str, option: str = "--output") -> None:
    """Refuses a file that can't be written before any work is done.

    Raises:
        click.BadParameter: It can't.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise click.BadParameter(f"{path}: is a folder", param_hint=option)
    try:
        if os.path.isdir(folder) and not os.path.exists(path):
            with open(path, "x", encoding="utf-8"):
                pass
            os.unlink(path)
        else:
            with open(path, "a", encoding="utf-8"):
                pass
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise click.BadParameter(
            f"{path}: can't be written ({reason})", param_hint=option
        ) from None


def refuse(sentence: str) -> int:
    """Says on stderr why nothing was done; the exit status for it."""
    from ..harmless import harmless

    write(f"gradproof: {harmless(sentence)}\n", sys.stderr)
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
