"""Where two runs, or two steps, part: plain records, ready to be rendered."""

from __future__ import annotations

from dataclasses import dataclass, field

from .answer import Answer
from .fault import Diagnosis

STAGES = ("start", "loss", "gradients", "learning rate", "change", "other state", "steps")
"""What is compared of two runs, in the order of a step."""

_NOTHING = {"loss": "none", "gradients": "no gradient"}


@dataclass(frozen=True)
class Part:
    """One quantity that differs.

    Attributes:
        stage: Such as `"loss"`, `"gradients"` or `"change"`.
        variable: Path of the variable; `"loss"` for a loss.
        left: Norm in the first, the value of a loss; `None` if there is none.
        right: The same of the second.
        difference: Norm of the difference, or of what is known of it.
        noise: Size of a difference that float noise explains.
        factor: The first is that many times the second, if it is.
    """

    stage: str
    variable: str
    left: float | None
    right: float | None
    difference: float
    noise: float
    factor: float | None

    def words(self, names: tuple[str, str]) -> str:
        """The sizes in one line."""
        left, right = self.sizes
        what = " (norm)" if self.is_norm else ""
        found = f"{left} in {names[0]} against {right} in {names[1]}{what}"
        return f"{found}: {self.apart}" if self.apart else found

    @property
    def is_norm(self) -> bool:
        """Whether the sizes are norms, and not the numbers themselves."""
        return not self.variable.startswith(("loss", "learning rate", "steps"))

    @property
    def sizes(self) -> tuple[str, str]:
        """The size in the first and in the second run."""
        nothing = _NOTHING.get(self.stage, "nothing")
        left, right = (nothing if one is None else f"{one:.4g}" for one in (self.left, self.right))
        return left, right

    @property
    def apart(self) -> str:
        """By how much the two differ; empty where the sizes tell it all."""
        if self.factor is not None and _ratio(self.factor) != "1.00":
            return f"{'factor' if self.is_norm else 'ratio'} {_ratio(self.factor)}"
        if self.left is None or self.right is None or self.stage == "steps":
            return ""
        if self.difference == float("inf"):
            return "the shapes differ"
        return f"{'norm of the ' if self.is_norm else ''}difference {self.difference:.2g}"


def _ratio(factor: float) -> str:
    return f"{factor:.2f}" if 0.05 <= abs(factor) < 1000 else f"{factor:.3g}"


@dataclass(frozen=True, slots=True)
class Point:
    """One update of one variable; norms are Euclidean.

    Attributes:
        step: Number of the update, from 1.
        gradient: Norm of the gradient handed over; `None` if there was none.
        value: Norm before the update, or `None` where it was not read then.
        change: Norm of the change.
        loss: Target of the gradient call before it, if known.
        rate: Learning rate, if the optimizer tells.
        along: Cosine between change and negative gradient, where known.
        place: Key of the place of update, in its own run.
    """

    step: int
    gradient: float | None
    value: float | None
    change: float
    loss: float | None = None
    rate: float | None = None
    along: float | None = None
    place: int = 0


@dataclass(frozen=True)
class Twin:
    """One variable in both runs.

    Attributes:
        names: Its paths, in the first and the second run.
        left: Its updates in the first run.
        right: Its updates in the second.
    """

    names: tuple[str, str]
    left: tuple[Point, ...] = ()
    right: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Course:
    """What is told of one of the two runs.

    Attributes:
        name: `"A"` or `"B"`, or the file's name where that tells them apart.
        command: As it was given.
        answer: What the run had to say.
        rules: Rules by which it updates: classes of optimizers, `assign_sub`.
        error: Class of the exception that ended it.
        about: Facts of its record: versions, times, command line.
    """

    name: str
    command: str
    answer: Answer
    rules: tuple[str, ...] = ()
    error: str | None = None
    about: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Contrast:
    """Two runs beside each other; true when nothing parts.

    Attributes:
        courses: The two runs.
        start: `"equal"`, `"different"`, `"given"` (the second began from the
            values of the first) or `"unknown"`.
        step: Number of the update at which they part; 0 for the start.
        parts: What differs at that step, in the order of a step.
        reasons: Sentences about the first of them.
        causes: Diagnoses of one run that the other has not: its number, 0 or
            1, and the diagnosis.
        notes: Sentences about what could not be compared.
        twins: All variables that belong together, with their updates.
        stages: What could be compared.
        steps: Updates of one variable that were compared, at most.
        noise: How the size of float noise is known: `"measured"` (runs from
            values moved by a few spacings), `"resolved"` (what float32
            numbers can tell) or `"not needed"` (nothing differs).
    """

    courses: tuple[Course, Course]
    start: str
    step: int | None = None
    parts: tuple[Part, ...] = ()
    reasons: tuple[str, ...] = ()
    causes: tuple[tuple[int, Diagnosis], ...] = ()
    notes: tuple[str, ...] = ()
    twins: tuple[Twin, ...] = ()
    stages: tuple[str, ...] = ()
    steps: int = 0
    noise: str = "not needed"

    @property
    def names(self) -> tuple[str, str]:
        """What the two runs are called."""
        return self.courses[0].name, self.courses[1].name

    @property
    def stage(self) -> str | None:
        """The first stage at which they part."""
        return self.parts[0].stage if self.parts else None

    @property
    def variable(self) -> str | None:
        """The first variable that differs there; `"loss"` for the loss."""
        return self.parts[0].variable if self.parts else None

    def __bool__(self) -> bool:
        return not self.parts
