"""What people look at: the page of a run, in a file or while it goes on."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import Report, Sources, page, try_to_write, write

if TYPE_CHECKING:
    from ..answer import Answer
    from ..mending.proving import Proven
    from ..serving import Served

INDEX = "index.html"
"""The page in a folder."""


def html_file(wanted: str) -> str:
    """The file that is meant: one that is named, or the index of a folder.

    Raises:
        click.BadParameter: It can't be written.
    """
    if os.path.isdir(wanted) or wanted.endswith(("/", os.sep)):
        wanted = os.path.join(wanted, INDEX)
        folder = os.path.dirname(wanted)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as problem:
            reason = (problem.strerror or type(problem).__name__).lower()
            raise click.BadParameter(
                f"{folder}: can't be made ({reason})", param_hint="--html"
            ) from None
    try_to_write(wanted, "--html")
    return os.path.abspath(wanted)


class Views:
    """The pages of one run.

    Args:
        html: File for the page; `None` for none.
        port: To show it at while the run goes on; `None` for not at all.
        say: Tells the user one line.
    """

    def __init__(self, html: str | None, port: int | None, say: Callable[[str], None]) -> None:
        self._html = html
        self._shown = _shown(html) if html else ""
        self._port = port
        self._say = say
        self._record: Path | None = None
        self._served: Served | None = None
        self._folder: str | None = None
        self._process = os.getpid()

    def record(self) -> str | None:
        """A record for a run that keeps none, if a page is made from it."""
        if self._html is None and self._port is None:
            return None
        self._folder = tempfile.mkdtemp(prefix="gradproof-")
        return os.path.join(self._folder, "run.sqlite")

    def opened(self, record: Path) -> None:
        """Takes the file of the record, before the program begins."""
        self._record = record
        if self._port is None:
            return
        from ..serving import NotShown, Served

        try:
            self._served = Served(record, self._port)
        except NotShown as problem:
            self._say(f"gradproof: {problem}; the run goes on")
        else:
            self._say(f"gradproof: watch it at {self._served.address}")

    def write(self, answer: Answer, reading: Sources) -> None:
        """Writes the page when the run has ended.

        Raises:
            OSError: It can't be written.
            NotShown: It can't be made.
        """
        if self._html is None:
            return
        if self._record is not None and self._record.exists():
            from ..serving import make_page

            make_page(self._record, self._html)
        else:
            # Nothing was updated, or the disk was full; what was found is known all the same.
            with open(self._html, "w", encoding="utf-8") as file:
                file.write(page(answer, reading))
        self._say(f"gradproof: the page is in {self._shown}")

    def end(self) -> None:
        """Stops showing it, and drops a record that nobody keeps."""
        if os.getpid() != self._process:
            return  # a child that the program forked
        if self._served is not None:
            self._served.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _shown(path: str) -> str:
    """A path from here, if it lies below."""
    below = os.path.relpath(path)
    return path if below.startswith(os.pardir) else below


def show_proof(proven: Proven, report: Report) -> None:
    """Writes the proof where it is wanted.

    Raises:
        OSError: It can't be written.
    """
    lines = proven.reading.lines
    if report.form == "html":
        from ..report.html import render_proof

        text = render_proof(proven.proof, lines)
    else:
        from ..report.paint import paint_for, plain
        from ..report.proof import render

        text = render(proven.proof, lines, plain if report.output else paint_for(sys.stdout))
    if not report.output:
        return write(text, sys.stdout)
    with open(report.output, "w", encoding="utf-8") as file:
        file.write(text)
    return None
