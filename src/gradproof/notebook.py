"""Notebooks: `%load_ext gradproof`, then `%%gradproof` above a cell that trains."""

from __future__ import annotations

from typing import Any

from .live import Watched


def load_ipython_extension(shell: Any) -> None:
    """Adds the cell magic; IPython calls it for `%load_ext gradproof`."""

    def gradproof(line: str, cell: str) -> Watched:
        """Runs the cell, watches every update, and shows what fails."""
        if line.strip():
            # IPython shows it as one line, without a traceback.
            from IPython.core.error import UsageError

            raise UsageError(f"%%gradproof takes no options, got {line.strip()!r}")
        return watched_cell(shell, cell)

    shell.register_magic_function(gradproof, "cell")


def watched_cell(shell: Any, cell: str) -> Watched:
    """Runs a cell as the shell does, watched.

    The cell's own output, exceptions and names are its own; its last
    expression is shown as always.

    Args:
        shell: IPython's.
        cell: The code.

    Returns:
        What happened; notebooks show it as the report.
    """
    with Watched() as seen:
        result = shell.run_cell(cell)
        problem = result.error_before_exec or result.error_in_exec
        if problem is not None:
            seen.raised(problem)
    return seen
