"""The command line: one module a command, each of which gives its work back.

A command only understands its options and returns its work, a function that
gives the exit status. `main` begins the work when click is done.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from .. import __version__

COMMANDS = ("check", "compare", "explain", "fix", "report", "run")


class Commands(click.Group):
    """Imports the module of a command when that command is asked for.

    `check` on one file would spend a tenth of its time on the others.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, for `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a module, which is called as the module is."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f".{cmd_name}", __name__), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradproof")
def gradproof() -> None:
    """Why is my parameter update failing? gradproof names the line."""


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
