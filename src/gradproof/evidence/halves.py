"""Where a computation in float16 can leave the range of its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isinf

from ..finding import Place
from .gradients import GradientCall
from .operations import CLIPS, FLAT
from .recording import Operation, Recording
from .run import Run
from .stale import LossScale
from .ways import on_the_way

RISKS = (
    frozenset({"Exp", "Expm1", "Pow", "Cosh", "Sinh", "Prod", "Cumprod"}),
    frozenset({"Square", "Cube", "L2Loss", "SquaredDifference"}),
    frozenset({"Log", "RealDiv", "Rsqrt", "Reciprocal", "Sqrt", "Log1p", "Div"}),
    frozenset({"Sum", "Cumsum"}),
)
"""Operations that leave the range of float16, the likelier ones first."""

_CARRYING = frozenset({"Mul", "Neg", "Identity", "Reshape", "ExpandDims", "BroadcastTo"})
DEEP = 4
"""Operations through which a number that is infinite reaches the way of a gradient."""

FEW, MANY, LONG = 3, 8, 13
"""Steps skipped from the start that are too many.

With an operation that explains them: at the end of a run, and while it goes on.
Without one.
"""


@dataclass(frozen=True)
class Skipped:
    """A loss-scale optimizer that has not made a single step.

    Attributes:
        scale: How it stands.
        names: Paths of the variables that it was handed.
        causes: Operations in float16 that leave its range, likelier first.
    """

    scale: LossScale
    names: tuple[str, ...]
    causes: tuple[Operation, ...]


def skipped(run: Run) -> Iterator[Skipped]:
    """Optimizers that halved their scale at every step, and never moved on."""
    measured = run.updates.keys()
    for scale in run.scales:
        if scale.applied or not 0 < scale.scale < scale.initial:
            continue
        if run.moved.intersection(scale.variables):
            continue
        if scale.applied is None and not measured >= set(scale.variables):
            continue
        causes = overflows(run, scale.variables)
        # Some steps are skipped at the start of every run with a large scale.
        needed = LONG if not causes else FEW if run.finished else MANY
        if scale.calls >= needed:
            yield Skipped(scale, tuple(run.path(key) for key in scale.variables), causes)


@dataclass(frozen=True)
class Endless:
    """A loss that is infinite in every step, and lets no gradient back.

    Attributes:
        place: Where the gradients were applied.
        names: Paths of the variables.
        steps: Steps measured.
        cause: The likeliest operation in float16 that left its range.
    """

    place: Place | None
    names: tuple[str, ...]
    steps: int
    cause: Operation


def endless(run: Run) -> Iterator[Endless]:
    """Losses of which float16 made infinity: the root of that has a gradient of zero."""
    for apply in run.applies:
        steps = run.steps_of(apply.key)
        updates = [update for step in steps for update in step.updates]
        infinite = all(step.loss is not None and isinf(step.loss) for step in steps)
        if len(steps) < FEW or not infinite or any(one.gradient_norm != 0.0 for one in updates):
            continue
        keys = tuple(dict.fromkeys(update.variable for update in updates))
        causes = overflows(run, keys)
        if causes:
            names = tuple(run.path(key) for key in keys)
            yield Endless(apply.place, names, len(steps), causes[0])


def overflows(run: Run, keys: Iterable[int]) -> tuple[Operation, ...]:
    """Operations in float16 between variables and a target that are at risk.

    Those of Keras's own layers and losses keep away from the edge, or mean to.
    """
    wanted = set(keys)
    found: dict[object, tuple[int, Operation]] = {}
    for call in run.calls:
        asked = [source.variable for source in call.sources if source.variable in wanted]
        recording = run.recording(call.recording)
        for operation in on_the_way(run, call, (key for key in asked if key is not None)):
            rank = _risk(recording, operation)
            if rank is None or operation.place is None or "__call__" in operation.via:
                continue
            earlier = found.get(operation.place)
            if earlier is None or rank < earlier[0]:
                found[operation.place] = (rank, operation)
    ranked = sorted(found.values(), key=lambda one: one[0])
    return tuple(operation for rank, operation in ranked if rank == ranked[0][0])


def _risk(recording: Recording, operation: Operation) -> int | None:
    """How likely an operation leaves the range: 0 is certain, `None` not at all."""
    if operation.dtype != "float16":
        return None
    if any(_infinite(recording, source) for source in operation.inputs):
        return 0
    for rank, kinds in enumerate(RISKS, start=1):
        if operation.type in kinds:
            return rank
    return None


def _infinite(recording: Recording, index: int, depth: int = 0) -> bool:
    """A constant beyond the range, or what arithmetic with one has made of a mask."""
    operation = recording.operations[index]
    if operation.value is not None:
        return isinf(operation.value)
    if depth >= DEEP or operation.dtype != "float16" or operation.type not in _CARRYING:
        return False
    return any(_infinite(recording, source, depth + 1) for source in operation.inputs)


@dataclass(frozen=True)
class Lost:
    """Gradients that are zero because float16 has no number so small.

    Attributes:
        call: The gradient call.
        names: Paths of the variables.
        operation: The first operation in float16 on their way.
        steps: Steps measured.
    """

    call: GradientCall
    names: tuple[str, ...]
    operation: Operation
    steps: int


def underflows(run: Run) -> Iterator[Lost]:
    """Zero gradients behind float16, with nothing flat on the way."""
    norms = run.gradient_norms
    told: set[int] = set()
    for call in run.calls:
        keys = [
            source.variable
            for source in call.sources
            if source.variable is not None
            and source.variable not in told
            and len(norms.get(source.variable, ())) >= FEW
            and not any(norms[source.variable])
        ]
        way = list(on_the_way(run, call, keys)) if keys else []
        half = [operation for operation in way if operation.dtype == "float16"]
        flat = any(
            operation.type in CLIPS | FLAT or "Select" in operation.type for operation in way
        )
        if half and not flat and all(run.variable(key).dtype != "float16" for key in keys):
            told.update(keys)
            yield Lost(
                call,
                tuple(run.path(key) for key in keys),
                half[0],
                min(len(norms[key]) for key in keys),
            )
