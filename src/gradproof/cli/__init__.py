"""The command line: one module a command, each of which gives its work back.

A command only understands its options and returns its work, a function that
gives the exit status. `main` begins the work when click is done.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from .. import __version__
from . import check, compare, explain, fix, report, run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradproof")
def gradproof() -> None:
    """Why is my parameter update failing? gradproof names the line."""


gradproof.add_command(check.check)
gradproof.add_command(compare.compare)
gradproof.add_command(explain.explain)
gradproof.add_command(fix.fix)
gradproof.add_command(report.report)
gradproof.add_command(run.run)


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
