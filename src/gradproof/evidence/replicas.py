"""What each example counts when the gradients of all replicas are summed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..finding import Place
from .applies import Apply
from .gradients import GradientCall
from .reductions import Reduction, reductions
from .run import Run


@dataclass(frozen=True)
class Share:
    """A loss that is computed in each replica.

    Attributes:
        replicas: How many there are.
        factor: How much an example counts, 1 being what it should: with as
            many as there are replicas the loss is a mean of one part, with
            one over their number it was divided twice.
        place: The user's line that reduces the batch, or divides last.
        names: Paths of the variables.
    """

    replicas: int
    factor: float
    place: Place | None
    names: tuple[str, ...]


def shares(run: Run) -> Iterator[Share]:
    """The losses under strategies with several replicas, as far as they can be read."""
    told: set[object] = set()
    for call in run.calls:
        apply = _applied(run, call)
        if apply is None or call.inner:
            continue
        found = reductions(run.recording(call.recording), call)
        if not found:
            continue
        factors = {_factor(one, apply.replicas) for one in found}
        factor = factors.pop() if len(factors) == 1 else None
        if factor is None:
            continue
        recording = run.recording(call.recording)
        target = recording.operations[call.targets[0].operation]
        place = (target if factor < 1 else found[0].operation).place or call.place
        names = tuple(dict.fromkeys(source.name for source in call.sources if source.name))
        # Each replica is traced on its own, the later ones without the user's lines.
        if told & {place, names}:
            continue
        told |= {place, names}
        yield Share(apply.replicas, factor, place, names)


def _applied(run: Run, call: GradientCall) -> Apply | None:
    """Where its gradients go to an optimizer as they were taken, under a strategy."""
    keys = {source.variable for source in call.sources}
    for apply in run.applies:
        if apply.by_hand or apply.replicas < 2 or apply.error is not None:
            continue
        pairs = [pair for pair in apply.pairs if pair.given == "gradient"]
        if pairs and all(pair.call == call.key and pair.variable in keys for pair in pairs):
            return apply
    return None


def _factor(found: Reduction, replicas: int) -> float | None:
    """How much an example counts, 1 being what it should; `None` if unknown."""
    if found.kind in ("Mean", "average"):
        factor = found.factor * replicas
    elif found.length and found.factor not in (1.0, -1.0):
        factor = found.factor * found.length * replicas
    else:
        return None
    for exact in (1.0, float(replicas), 1.0 / replicas):
        if abs(abs(factor) - exact) < 1e-4 * exact:
            return exact
    return None
