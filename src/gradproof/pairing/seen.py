"""What a run record, and the marks beside it, tell of every update."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..answer import Answer
from ..contrast import Point
from ..evidence.run import Run
from ..evidence.variable import Variable
from ..record import Passage, Record

Mark = tuple[float, ...]

FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass
class Seen:
    """One run.

    Attributes:
        path: Of its record.
        about: Facts of the record.
        answer: What it had to say.
        run: The evidence.
        points: Updates of each variable, by its key, in order.
        trails: For each variable of a model its marks: at the start, and
            whenever it had changed; empty without marks.
        rules: Rule of each place of update.
    """

    path: Path
    about: dict[str, object]
    answer: Answer
    run: Run
    points: dict[int, list[Point]] = field(default_factory=dict)
    trails: dict[int, list[Mark]] = field(default_factory=dict)
    rules: dict[int, str] = field(default_factory=dict)

    @property
    def models(self) -> list[Variable]:
        """The variables of models that hold floats, in the order of their making."""
        return [one for one in self.run.variables if one.role == "model" and one.dtype in FLOATS]

    @property
    def draws(self) -> bool:
        """Random numbers were drawn on the way to a loss."""
        return any(
            operation.tapes and ("Random" in operation.type or operation.type == "Multinomial")
            for recording in self.run.recordings
            for operation in recording.operations
        )


def load(path: Path, left: Path | None = None) -> Seen:
    """Reads a record, and the marks that a compared run has left.

    Raises:
        Unusable: It can't be read.
    """
    with Record(path) as record:
        seen = Seen(path, record.about, record.answer(), record.evidence())
        _fill(seen, list(record.in_order()))
    if left is not None and left.exists():
        seen.trails = _trails(left)
    return seen


def _fill(seen: Seen, passages: Sequence[Passage]) -> None:
    """The updates of each variable, numbered; those behind a gap are left out."""
    for passage in passages:
        step = passage.step
        seen.rules[step.apply] = passage.rule or ""
        for update in step.updates:
            seen.points.setdefault(update.variable, []).append(
                Point(
                    step.index,
                    update.gradient_norm,
                    # Later ones may be older than the step.
                    update.value_norm if step.index == 1 else None,
                    update.change_norm,
                    step.loss,
                    step.learning_rate,
                    update.along,
                    step.apply,
                )
            )
    for key, points in seen.points.items():
        if len({point.place for point in points}) > 1:
            seen.points[key] = list(_numbered(points))


def _numbered(points: Sequence[Point]) -> list[Point]:
    """Updates of several places as one series, up to the first that is missing."""
    from dataclasses import replace

    expected: dict[int, int] = {}
    found: list[Point] = []
    for point in points:
        if point.step != expected.get(point.place, 0) + 1:
            break
        expected[point.place] = point.step
        value = point.value if not found else None
        found.append(replace(point, step=len(found) + 1, value=value))
    return found


def _trails(left: Path) -> dict[int, list[Mark]]:
    """The marks of each variable, those left out that repeat the one before."""
    import numpy as np

    try:
        with np.load(left) as file:
            keys, marks = file["keys"].tolist(), file["marks"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    found: dict[int, list[Mark]] = {}
    for column, key in enumerate(keys):
        trail: list[Mark] = []
        for mark in marks[:, column].tolist():
            known = not any(number != number for number in mark)
            if known and (not trail or trail[-1] != tuple(mark)):
                trail.append(tuple(mark))
        found[key] = trail
    return found


def starts(left: Path) -> dict[int, Any]:
    """The values at the start of a compared run, by key."""
    import numpy as np

    with np.load(left) as file:
        return {
            int(name.removeprefix("start-")): file[name]
            for name in file.files
            if name.startswith("start-")
        }
