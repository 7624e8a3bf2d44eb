"""The options about TensorBoard and MLflow, and how their wishes are met."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from .options import Work

if TYPE_CHECKING:
    from ..record import Record


def export_options(command: Callable[..., Work]) -> Callable[..., Work]:
    """The options about other tools that `run` and `report` share; `Exports` takes them."""
    for option in (
        click.option(
            "--mlflow-uri", metavar="URI", help="The same, into this tracking store of MLflow."
        ),
        click.option(
            "--mlflow", is_flag=True,
            help="Log parameters, metrics and the report as a run of MLflow, where "
            "MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME and MLFLOW_RUN_ID say.",
        ),
        click.option(
            "--tensorboard", metavar="DIR",
            help="Write curves, histograms and the diagnoses for TensorBoard, below this folder.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


class Exports(NamedTuple):
    """The options about what other tools get of a run."""

    tensorboard: str | None
    mlflow: bool
    mlflow_uri: str | None

    @property
    def wanted(self) -> list[str]:
        """The packages that are needed."""
        both = {"tensorboard": self.tensorboard, "mlflow": self.mlflow or self.mlflow_uri}
        return [package for package, wish in both.items() if wish]

    @property
    def lacking(self) -> str | None:
        """Why they can't be served; `None` if they can."""
        from ..exports import lacking

        return next(filter(None, map(lacking, self.wanted)), None)

    def give(self, record: Record) -> Iterator[str]:
        """Hands a record over; says in a line each where it went.

        Raises:
            Refused: It can't be written there.
        """
        if self.tensorboard:
            from ..exports import tensorboard

            place = tensorboard.write(record, Path(self.tensorboard))
            yield f"gradproof: written for TensorBoard: {place}"
        if "mlflow" in self.wanted:
            from ..exports import mlflow

            yield f"gradproof: logged with MLflow: {mlflow.log(record, self.mlflow_uri)}"

    def arguments(self) -> list[str]:
        """The same options for another command."""
        found = ["--mlflow"] if self.mlflow else []
        found += ["--tensorboard", self.tensorboard] if self.tensorboard else []
        return [*found, *(["--mlflow-uri", self.mlflow_uri] if self.mlflow_uri else [])]


def export(exports: Exports, kept: Sequence[Path], folder: str, say: Callable[[str], None]) -> bool:
    """Serves other tools in a process of its own, where nothing is the program's.

    Args:
        exports: What is wanted.
        kept: The record, if there is one.
        folder: Where gradproof was called; the program may have gone elsewhere.
        say: Called with a line for the user.

    Returns:
        All went well.
    """
    if not (kept and kept[0].exists()):
        say("gradproof: there is no record, so other tools get nothing")
        return True
    # Neither the working folder nor the program's comes first there.
    code = (
        "import sys; sys.path[:] = [one for one in sys.path if one] + [sys.argv.pop(1)]; "
        "from gradproof.cli import main; main()"
    )
    home = str(Path(__file__).parents[2])
    asked = ["report", str(kept[0]), "--output", os.devnull, "--exit-zero", *exports.arguments()]
    done = subprocess.run(
        [sys.executable, "-c", code, home, *asked],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    for line in done.stderr.splitlines():
        if _ours(line):
            say(line)
    if done.returncode and not any(map(_ours, done.stderr.splitlines())):
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        say(f"gradproof: other tools get nothing ({last[:200]})")
    return done.returncode == 0


def _ours(line: str) -> bool:
    return line.startswith("gradproof: ")
