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
            "--mlflow", metavar="[URI]",
            help="Log parameters, metrics and the report as a run of MLflow: in this store, else "
            "where MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME and MLFLOW_RUN_ID say. A URI "
            "without `://` needs a `=` before it.",
        ),
        click.option(
            "--tensorboard", metavar="DIR",
            help="Write curves, histograms and the diagnoses for TensorBoard, below this folder; "
            "of a run, while it goes on.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


class Exporting(click.Command):
    """A command whose option `--mlflow` may stand without a value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Gives `--mlflow` the value that it has, or an empty one."""
        return super().parse_args(ctx, list(self._joined(ctx, args)))

    def _joined(self, ctx: click.Context, args: list[str]) -> Iterator[str]:
        """The arguments; what follows an option that takes a value is left as it is."""
        valued = {
            name
            for option in self.get_params(ctx)
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        rest = list(args)
        while rest:
            word = rest.pop(0)
            if word == "--" or not (word.startswith("-") or ctx.allow_interspersed_args):
                yield from (word, *rest)
                return
            if word == "--mlflow":
                # The next word may as well be the program: only a URI is ours.
                own = bool(rest) and "://" in rest[0]
                yield f"--mlflow={rest.pop(0) if own else ''}"
                continue
            yield word
            if word in valued and rest:
                yield rest.pop(0)


class Exports(NamedTuple):
    """The options about what other tools get of a run.

    Attributes:
        tensorboard: A log folder.
        mlflow: URI of a store; empty for the one that MLflow chooses.
    """

    tensorboard: str | None
    mlflow: str | None

    @property
    def wanted(self) -> list[str]:
        """The packages that are needed."""
        return [name for name, wish in self._asdict().items() if wish is not None]

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
        if self.tensorboard is not None:
            from ..exports import tensorboard

            place = tensorboard.write(record, Path(self.tensorboard))
            yield f"gradproof: written for TensorBoard: {place}"
        if self.mlflow is not None:
            from ..exports import mlflow

            yield f"gradproof: logged with MLflow: {mlflow.log(record, self.mlflow or None)}"

    def follow(self, record: Path, say: Callable[[str], None]) -> Callable[[], None]:
        """Lets TensorBoard see the run while it goes on; what it gives ends that."""
        if self.tensorboard is None:
            return lambda: None
        from .. import detached

        folder = os.path.abspath(self.tensorboard)
        order = {"record": str(record), "folder": folder, "run": os.getpid()}
        try:
            process = detached.begin("exports.following", "follow", **order)["process"]
        except detached.NotBegun as problem:
            say(f"gradproof: TensorBoard gets nothing before the run ends: {problem}")
            return lambda: None
        here = os.getpid()
        # A child that the program forked ends nothing.
        return lambda: detached.end(process) if os.getpid() == here else None

    def arguments(self) -> list[str]:
        """The same options for another command."""
        wishes = self._asdict().items()
        return [f"--{name}={wish}" for name, wish in wishes if wish is not None]


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
