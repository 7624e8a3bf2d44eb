"""`gradproof report`: shows again what a run showed, from its record."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .exporting import Exporting, Exports, export_options
from .options import Report, Work, refuse, seen_in, try_to_write, write

if TYPE_CHECKING:
    from ..record import Record


@click.command(cls=Exporting)
@click.argument("run", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "html", "csv", "parquet"]),
    default="text",
    show_default=True,
    help="The report as `run` gave it; html is a page with charts; csv and parquet are the "
    "numbers of every step that was kept, one row for each variable.",
)
@click.option("--output", metavar="FILE", help="Write it to a file.")
@export_options
@click.option("--verbose", is_flag=True, help="Show every variable, however many there are.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever was found.")
def report(
    run: str | None, form: str, output: str | None, exit_zero: bool, verbose: bool, **exports: Any
) -> Work:
    """Show a run again, from its record.

    RUN is a record, or a folder with records, of which the newest is taken;
    by default `.gradproof`. Where several workers trained together, a folder
    gives the report of all of them, a file that of one. The exit status is that of the report.
    """
    if output:
        try_to_write(output)
    elif form == "parquet":
        raise click.UsageError("parquet is for files: name one with --output")
    return partial(_report, run, form, output, exit_zero, verbose, Exports(**exports))


def _report(
    run: str | None, form: str, output: str | None, exit_zero: bool, verbose: bool, exports: Exports
) -> int:
    from ..exports import Refused
    from ..joining import joined
    from ..reading import home, kept
    from ..record import Record, Unusable, find
    from ..record.tables import Lacking

    if exports.lacking:
        return refuse(exports.lacking)
    try:
        with Record(find(run, home())) as record:
            if form in ("csv", "parquet"):
                _table(record, form, output)
                _export(record, exports)
                return 0
            # A file that is named is meant alone; a folder holds the whole job.
            alone = run is not None and os.path.isfile(run)
            answer = record.answer() if alone else joined(record)
            shown = Report(form, output, (), (), None, True, exit_zero)
            shown.whole = verbose
            seen = seen_in(record) if form == "html" else None
            shown.give(answer, record, sys.stdout, seen)
            _export(record, exports)
            return shown.status(answer)
    except (Unusable, Lacking, Refused) as problem:
        return refuse(str(problem))
    except OSError as problem:
        return refuse(f"{output}: can't be written ({(problem.strerror or str(problem)).lower()})")
    except Exception as failure:
        # Nobody knows all that a record from a stranger may hold.
        return refuse(
            f"{run or home()}: can't be shown: a broken run record, or a mistake in gradproof "
            f"({kept(failure)} has the traceback)"
        )


def _export(record: Record, exports: Exports) -> None:
    for line in exports.give(record):
        write(f"{line}\n", sys.stderr)


def _table(record: Record, form: str, output: str | None) -> None:
    """Writes the numbers; a file that could not be finished is taken away."""
    from ..record.tables import csv_text, write_parquet

    if output is None:
        for part in csv_text(record.steps()):
            write(part, sys.stdout)
        return
    # A device or a pipe is written as it is.
    plain = not os.path.exists(output) or os.path.isfile(output)
    path = Path(f"{output}.{os.getpid()}.part") if plain else Path(output)
    try:
        if form == "parquet":
            write_parquet(record.steps(), path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(csv_text(record.steps()))
        if plain:
            os.replace(path, output)
    finally:
        if plain:
            path.unlink(missing_ok=True)
