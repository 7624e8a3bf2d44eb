"""`gradproof check`: reads programs without running them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

import click

from .options import Report, Work, refuse, report_options


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@report_options
def check(paths: tuple[str, ...], **options: object) -> Work:
    """Read programs (.py, .ipynb, folders) without running them."""
    return partial(_check, paths or (".",), Report(**options))  # type: ignore[arg-type]


def _check(paths: Sequence[str], report: Report) -> int:
    from .. import api, files

    try:
        answer, reading = api.check(paths, report.faults, report.keras)
    except files.Unreadable as problem:
        return refuse(str(problem))
    report.give(answer, reading, sys.stdout)
    return report.status(answer)
