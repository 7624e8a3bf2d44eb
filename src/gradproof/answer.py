"""What a command found out, ready to be rendered: diagnoses, variables, counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .fault import Diagnosis

Lines = Callable[[str, "int | None"], Sequence[str]]
"""Gives the source lines of a path (and cell), without line ends."""


@dataclass(frozen=True)
class Standing:
    """How far the updates of one variable came.

    Attributes:
        variable: Its path.
        shape: Lengths of its axes, in elements.
        state: `"moved"`, `"broken"` or `"resting"` (still for a reason that
            need not be wrong).
        stage: The stage at which the update is lost; `None` unless broken.
        why: A few words: by how much it moved and by whose rule, or why not.
        moved: Its value changed, rightly or not.
        key: Number of the variable in the run, for paths may stand for several.
    """

    variable: str
    shape: tuple[int | None, ...]
    state: str
    stage: str | None
    why: str
    moved: bool = False
    key: int | None = None


@dataclass(frozen=True)
class WorkerEnd:
    """How far one of several workers came.

    Attributes:
        name: Such as `"worker 1"`.
        steps: Number of its last recorded step.
        last: When it was last heard of, in UTC.
        ended: It came to its end, by an exception or without.
        error: Class of the exception that ended it.
        batch: Examples that it mostly got at a step, if known.
    """

    name: str
    steps: int
    last: str
    ended: bool
    error: str | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Answer:
    """What `check` or `run` has to say.

    Attributes:
        command: `"check"` or `"run"`.
        diagnoses: Ranked, the cause that explains most first.
        standings: One a trainable variable of the program's models.
        files: Number of files read.
        loops: Number of training loops read.
        steps: Number of steps watched.
        watched: `"every step"`, or what of the run was watched.
        rules: Names of the optimizers, or `assign_sub` and the like, that
            moved variables.
        notes: Sentences about what could not be read or watched.
        unsure: Number of files with loops judged for both generations of
            Keras, since nothing tells which one they are for.
        allowed: Number of diagnoses left out because a comment allows them.
        old: Number of diagnoses left out because a baseline has them.
        failed: Number of files that were named and could not be read.
        account: Lines about one variable's step, where they were asked for.
        workers: One a process, where several trained together.
    """

    command: str
    diagnoses: tuple[Diagnosis, ...] = ()
    standings: tuple[Standing, ...] = ()
    files: int = 0
    loops: int = 0
    steps: int = 0
    watched: str = "nothing"
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unsure: int = 0
    allowed: int = 0
    old: int = 0
    failed: int = 0
    account: tuple[str, ...] = ()
    workers: tuple[WorkerEnd, ...] = ()

    @property
    def moved(self) -> int:
        """Number of variables whose value changed, rightly or not."""
        return sum(standing.moved for standing in self.standings)

    @property
    def wrong(self) -> bool:
        """Says whether a diagnosis of level error or warning stands."""
        return any(diagnosis.level != "advice" for diagnosis in self.diagnoses)
