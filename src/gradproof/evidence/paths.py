"""How a variable's value got lost on its way to the target of a gradient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..finding import Place, listed
from .gradients import GradientCall
from .operations import INTEGERS
from .recording import Operation
from .run import Run
from .tensor_ways import is_watched, stood_before, tensor_loss, unseen
from .variable_ways import variable_loss
from .ways import Loss


@dataclass(frozen=True)
class Lost:
    """Sources of one gradient call that were lost in one way at one place."""

    call: GradientCall
    kind: str
    place: Place | None
    losses: tuple[Loss, ...]

    @property
    def operation(self) -> Operation | None:
        """Where the way ends, for the first of them."""
        return self.losses[0].operation

    @property
    def inferred(self) -> bool:
        """Nobody saw the line itself."""
        return all(loss.inferred for loss in self.losses)

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the variables."""
        return tuple(dict.fromkeys(loss.source.name for loss in self.losses if loss.source.name))

    @property
    def words(self) -> str:
        """What came out of the call: for how many variables, and which."""
        if not self.names:
            return f"the gradient is {'zeros' if self.call.zeros else 'None'} for a tensor"
        return (
            f"the gradient is None for {len(self.names)} of {len(self.call.sources)} variables: "
            f"{listed(self.names)}"
        )


def lost(run: Run, kinds: Iterable[str]) -> Iterator[Lost]:
    """What got lost in one of these ways, each place of the user's once."""
    wanted = set(kinds)
    seen: set[tuple[Place | None, str, Place | None, tuple[str, ...]]] = set()
    for call in run.calls:
        if not run.wanted(call) and "rebound" not in wanted:
            continue
        groups: dict[tuple[str, Place | None], list[Loss]] = {}
        for loss in losses(run, call):
            if loss.kind in wanted:
                groups.setdefault((loss.kind, loss.place), []).append(loss)
        for (kind, place), found in groups.items():
            group = Lost(call, kind, place, tuple(found))
            key = (call.place, kind, place, group.names)
            if key not in seen:
                seen.add(key)
                yield group


def losses(run: Run, call: GradientCall) -> Iterator[Loss]:
    """For each unconnected source of a call: where its way ends."""
    recording = run.recording(call.recording)
    tape = run.tape(call.tape)
    for position, source in enumerate(call.sources):
        unconnected = source.connected is False or (
            call.zeros
            and source.given == "tensor"
            and (not is_watched(tape, source) or unseen(recording, call, source) is not None)
        )
        if not unconnected:
            continue
        if source.dtype in INTEGERS:
            yield Loss("integer", source)
        elif source.given == "tensor":
            yield tensor_loss(recording, tape, call, source, stood_before(run, call, position))
        elif source.variable is not None:
            yield variable_loss(run, call, source, source.variable)
