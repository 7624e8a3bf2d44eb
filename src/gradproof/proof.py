"""A certificate for a training step: `gradproof.prove(step, x, y)`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import beside, needs
from .answer import Standing
from .beside import Check
from .evidence.run import Run
from .fault import STAGES, Diagnosis
from .live import Watched
from .own_state import OwnState
from .report import cells
from .report.text import SHOWN_ROWS, WIDTH, counted
from .trying import suspected, tried

EMPTY = "was given an empty list of variables"

HIDDEN = (
    "weights change in a graph that was made before and can't be watched: give the function "
    "that it was traced from"
)

FIRST_CALL = (
    "the first call in a graph: what it makes for its replicas was made eagerly before, and "
    "`gradproof run` shows whether it can be made there"
)

MARKS = {True: "holds", False: "LOST", None: "-"}


@dataclass(frozen=True)
class Row:
    """One variable on the path of an update.

    Attributes:
        variable: Its path.
        stages: For each stage whether it holds; `None` where it can't be said.
        why: A few words.
    """

    variable: str
    stages: tuple[bool | None, ...]
    why: str

    @property
    def lost_at(self) -> str | None:
        """The first stage that does not hold."""
        return next(
            (stage for stage, one in zip(STAGES, self.stages, strict=False) if one is False), None
        )


@dataclass(frozen=True)
class Proof(cells.InShells):
    """What a few steps showed; true when everything holds.

    Attributes:
        rows: One a variable.
        diagnoses: What is wrong.
        checks: What was asked for beside the path.
        losses: As the step returned them, one a step; empty without.
        steps: Steps that were watched.
        error: The exception that the step raised, in words.
        notes: Sentences about what could not be watched.
        unchecked: What was not looked at, or not put back.
        report: The diagnoses as `gradproof run` prints them.
    """

    rows: tuple[Row, ...]
    diagnoses: tuple[Diagnosis, ...]
    checks: tuple[Check, ...]
    losses: tuple[float, ...]
    steps: int
    error: str | None
    notes: tuple[str, ...]
    unchecked: tuple[str, ...]
    report: str

    @property
    def wrong(self) -> tuple[str, ...]:
        """Sentences: what does not hold."""
        found = [f"the step raised {self.error}"] if self.error else []
        found += [f"{one.fault.code} {one.title}" for one in self.diagnoses if _counts(one)]
        found += [
            f"`{row.variable}` is lost at stage {row.lost_at}: {row.why}"
            for row in self.rows
            if row.lost_at not in (None, "learned")
        ]
        nothing = not self.rows and any(EMPTY in note for note in self.notes)
        if not found and (nothing or not self.steps):
            found.append("no update was seen")
        # What is not learned has its cause in what comes before, if that fails.
        found += [f"{check.name}: {check.words}" for check in self.checks if check.holds is False]
        return tuple(found)

    def __bool__(self) -> bool:
        return not self.wrong

    def __str__(self) -> str:
        parts = [self.report] if any(map(_counts, self.diagnoses)) else []
        parts.append("\n".join(self._table()))
        return "\n\n".join([*parts, "\n".join(self._ending())])

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        rows = [(row.variable, row.stages, row.why) for row in self.rows]
        blocks = [("what is wrong", self.report)] if any(map(_counts, self.diagnoses)) else []
        return cells.cell(
            cells.path_table(rows), cells.folded(blocks), cells.lines("\n".join(self._ending()))
        )

    def _table(self) -> Iterable[str]:
        name = max([len("variable"), *(len(row.variable) for row in self.rows)])
        yield f"{'variable':<{name}}  " + "  ".join(STAGES[:-1])
        # The lost ones may not hide behind the others.
        order = sorted(self.rows, key=lambda row: row.lost_at is None)
        shown = order[:SHOWN_ROWS] if len(order) > SHOWN_ROWS else self.rows
        for row in shown:
            marks = [
                MARKS[one].ljust(len(stage))
                for stage, one in zip(STAGES[:-1], row.stages, strict=True)
            ]
            yield f"{row.variable:<{name}}  {'  '.join(marks)}".rstrip()
            if row.lost_at:
                yield f"    {row.why}"[:WIDTH]
        if len(shown) < len(order):
            lost = sum(row.lost_at is not None for row in order[SHOWN_ROWS:])
            yield f"and {len(order) - len(shown)} more, {lost} of them lost: `.rows` has all"

    def _ending(self) -> Iterable[str]:
        yield self._closing()
        yield from (f"  - {check.name}: {check.words}" for check in self.checks)
        yield from (f"  - {words}" for words in self.notes)
        yield from (f"  - not checked: {words}" for words in self.unchecked)

    def _closing(self) -> str:
        looked = f"{counted(self.steps, 'step')} watched, {counted(len(self.rows), 'variable')}"
        if self.losses:
            looked += f", loss {self.losses[0]:.4g} to {self.losses[-1]:.4g}"
        if self:
            return f"gradproof: the step holds; {looked}"
        return f"gradproof: the step does not hold ({self.wrong[0]}); {looked}"


def prove(
    step: Callable[..., Any],
    *args: Any,
    variables: Sequence[Any] | None = None,
    steps: int = 3,
    gradients: bool = False,
    graph: bool = False,
    overfit: bool = False,
) -> Proof:
    """Runs a training step for trial and says what holds of every update.

    The step is called once to make what it lacks, then `steps` times watched. One that
    has not moved anything by then, since it adds up gradients for one update or its loss
    scale begins too high, is called oftener: until it has moved twice.
    What source shows to be wrong on lines that the step ran counts as well,
    though no update of a few steps can show it.
    Afterwards every `tf.Variable` of the process is what it was, bit for bit,
    with those of optimizers, metrics and random generators. Python's own
    state (counters, lists) and the place of an iterator are not put back; where
    that is noticed, the proof says so.

    Args:
        step: Trains once; a plain or a traced function.
        args: Its arguments, a batch as a rule.
        variables: Those that have to move; without it, all that are trained.
        steps: Calls that are watched.
        gradients: Compares the tape's gradients with central differences.
        graph: Compares the step run eagerly with the traced one.
        overfit: Looks whether the loss of this one batch can be brought down.

    Returns:
        A proof, which is true when everything holds.

    Raises:
        TypeError: `step` can't be called, `steps` is no whole number, or `variables` no
            list of variables.
        ValueError: `steps` is less than 1, or `variables` is empty.
        ImportError: TensorFlow is not installed.
    """
    __tracebackhide__ = True  # wrong use is shown where it is, under pytest
    _refuse_wrong_use(step, steps)
    needs.tensorflow("prove")
    needs.variables(variables)
    from .watching.tensorflow.trying import trial

    own = OwnState(step, args)
    with trial.restored() as state:
        made = trial.rehearse(step, args, state)
        found = tried(step, args, steps, state)
        checks = []
        if not found.error:
            checks += [beside.gradients(step, args, state)] if gradients else []
            checks += [beside.graph(step, args, state, found.traced)] if graph else []
            checks += [beside.overfit(step, args, state)] if overfit else []
    asked = {"gradients": gradients, "graph": graph, "overfit": overfit}
    left = ", ".join(f"{name}=True" for name, wanted in asked.items() if not wanted)
    unchecked = [f"what {left} would"] if left else []
    unchecked += [f"Python's own state: {words}" for words in own.changes()]
    # Keras 3 fails there with optimizers that keep state, and only there.
    replicated = any(one.traced and one.replicas > 1 for one in found.seen.run.applies)
    unchecked += [FIRST_CALL] if made and replicated else []
    learned = next((one.holds for one in checks if one.name == "overfit"), None)
    seen = found.seen
    diagnoses = _of_named(seen, variables)
    rows = _rows(seen, variables, learned)
    holds = bool(rows) and not found.error and all(row.lost_at in (None, "learned") for row in rows)
    diagnoses += suspected(step, seen, diagnoses, holds)
    return Proof(
        rows,
        diagnoses,
        tuple(checks),
        tuple(found.losses),
        seen.answer.steps,
        found.error,
        (*_empty_lists(seen.run), *([HIDDEN] if found.hidden else []), *seen.answer.notes),
        tuple(unchecked),
        "\n\n".join(seen.block(one) for one in diagnoses),
    )


def _refuse_wrong_use(step: object, steps: object) -> None:
    __tracebackhide__ = True
    if not callable(step):
        raise TypeError(f"`step` must be a function that trains once, got {type(step).__name__}")
    if not isinstance(steps, int) or isinstance(steps, bool):
        raise TypeError(f"`steps` must be a whole number, got {steps!r}")
    if steps < 1:
        raise ValueError(f"`steps` must be 1 or more, got {steps}")


def _of_named(seen: Watched, variables: Sequence[Any] | None) -> tuple[Diagnosis, ...]:
    """What is said of variables that are named; the others were left out on purpose."""
    if variables is None:
        return seen.diagnoses
    named = {seen.path(variable) for variable in variables}
    return tuple(
        one for one in seen.diagnoses if not one.variables or not named.isdisjoint(one.variables)
    )


def _empty_lists(run: Run) -> Iterable[str]:
    """Gradient calls that asked for nothing: such a list was read too early, as a rule."""
    places = [call.place for call in run.calls if not call.sources and call.place is not None]
    for place in dict.fromkeys(places):
        yield f"the gradient call at {place.words} {EMPTY}: lost at stage tracked"


def _rows(seen: Watched, variables: Sequence[Any] | None, learned: bool | None) -> tuple[Row, ...]:
    standings = {one.variable: one for one in seen.answer.standings}
    if variables is None:
        chosen = [one for one in standings.values() if one.state != "resting"]
    else:
        paths = [seen.path(variable) for variable in variables]
        unseen = "the step does not use it"
        chosen = [
            standings.get(path) or Standing(path, (), "resting", None, unseen) for path in paths
        ]
    return tuple(_row(seen.run, one, learned) for one in chosen)


def _row(run: Run, standing: Standing, learned: bool | None) -> Row:
    """The stages that a variable passed."""
    names = STAGES[:-1]
    if standing.state == "moved":
        again = _moved_again(run, standing.variable)
        cells = [True, True, True, True, True, again, learned]
        why = (
            "it moved, and the loss of one batch did not fall" if learned is False else standing.why
        )
        return Row(standing.variable, tuple(cells), why)
    lost = names.index(standing.stage) if standing.stage in names else 0
    cells = [True if place < lost else None for place in range(len(names))]
    cells[lost] = False
    return Row(standing.variable, tuple(cells), standing.why)


def _moved_again(run: Run, path: str) -> bool | None:
    """It moved in a step after the first in which it did."""
    changes = [
        update.change_norm != 0
        for key, updates in run.updates.items()
        if run.path(key) == path
        for update in updates
    ]
    later = changes[changes.index(True) + 1 :] if True in changes else []
    # One that stands still now and then may be collecting gradients.
    return True if any(later) else None


def _counts(diagnosis: Diagnosis) -> bool:
    return diagnosis.level != "advice"
