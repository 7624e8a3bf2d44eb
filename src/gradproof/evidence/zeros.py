"""Variables whose gradient was exactly zero in every measured step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..finding import Place
from .activations import made_at
from .applies import Apply
from .custom import CustomGradient
from .gradients import GradientCall
from .operations import CLIPS, FLAT
from .recording import Operation, Recording
from .reductions import number
from .run import Run
from .updating import PLAIN, SCALINGS, is_zero, results_of
from .ways import cut_kind

SATURATES = frozenset({"Tanh", "Sigmoid"})
"""Activations that lose their slope to rounding where they are far from zero."""

SETTLED = 5
"""Steps: a factor that starts at zero lets nothing back at first, and moves then."""

CUSTOM = frozenset({"_eager_mode_decorator"})
"""TensorFlow's function that calls one under `tf.custom_gradient`."""


@dataclass(frozen=True)
class Zero:
    """Variables with a zero gradient, behind one operation.

    Attributes:
        names: Paths of the variables.
        operation: The last operation that every way to the target passes and
            whose derivative can be zero, or that has none: in a loop or a
            branch of a traced function that gives zeros, not None.
        steps: Steps measured.
        made_at: The line that made the layer, if the operation is the
            activation of one.
        custom: The function under `tf.custom_gradient` whose result it is, if
            that one's gradient was zero wherever it was tried.
        also: Variables before it with a zero gradient whose other ways to the
            target do not pass it.
    """

    names: tuple[str, ...]
    operation: Operation
    steps: int
    made_at: Place | None = None
    custom: CustomGradient | None = None
    also: tuple[str, ...] = ()


def zeros(run: Run) -> Iterator[Zero]:
    """Groups variables whose gradients stayed zero by what flattens them."""
    norms = run.gradient_norms
    still = {key for key, found in norms.items() if not any(found)}
    if still:
        still -= {key for apply in run.applies for key in _masked(run, apply)}
        still -= _made_zero_later(run, still)
    groups: dict[object, tuple[_Neck, Recording, list[int]]] = {}
    for call in run.calls:
        for source in call.sources:
            key = source.variable
            if key not in still or not source.connected or key is None:
                continue
            neck = likeliest(run, call, key)
            if neck is not None and not (is_of_one(neck.operation) and _moves(norms, call)):
                recording = run.recording(call.recording)
                groups.setdefault(neck.operation.place, (neck, recording, []))[2].append(key)
                still.discard(key)
    for neck, recording, keys, behind in _folded(list(groups.values())):
        names = tuple(run.path(key) for key in keys)
        steps = min(len(norms[key]) for key in keys)
        layer = made_at(run, recording, neck.operation)
        also = tuple(run.path(key) for key in behind)
        yield Zero(names, neck.operation, steps, layer, neck.custom, also)


def _made_zero_later(run: Run, still: set[int]) -> set[int]:
    """Variables whose zeros came of what was done to the gradients after the tape gave them.

    Nothing flat stands before some of those that were changed on the way to the optimizer, so
    that what is done to all of them makes them zero.
    """
    changed = {key for apply in run.applies for key in _changed(run, apply)} & still
    flattened = {
        source.variable
        for call in run.calls
        for source in call.sources
        if source.variable in changed and likeliest(run, call, source.variable) is not None
    }
    return changed if changed - flattened else set()


def _changed(run: Run, apply: Apply) -> Iterator[int]:
    """Variables that are handed something made of their gradients, by known operations."""
    results = results_of(run, run.recording(apply.recording))
    for pair in apply.pairs:
        if pair.variable is not None and pair.handed is not None and pair.handed not in results:
            yield pair.variable


def _moves(norms: Mapping[int, Sequence[float]], call: GradientCall) -> bool:
    """Some variable has a gradient: a gate with one expert beside it is deliberate."""
    return any(any(norms.get(source.variable or 0, ())) for source in call.sources)


def _saturated(run: Run, call: GradientCall, operation: Operation) -> bool:
    """All that comes through an activation has a zero gradient, and something after it has one."""
    norms, recording = run.gradient_norms, run.recording(call.recording)
    if max(map(len, norms.values())) < SETTLED:
        return False
    after = recording.descendants([operation.index]) | {operation.index}
    before = recording.ancestors([operation.index])
    moves = False
    for source in call.sources:
        key = source.variable
        reads = {read.index for read in recording.reads_of(key)} if key is not None else set()
        found = any(norms.get(key or 0, ()))
        if reads & before and found:
            return False
        moves |= found and not after.isdisjoint(recording.descendants(reads))
    return moves


def _masked(run: Run, apply: Apply) -> Iterator[int]:
    """Variables that are handed zeros, whatever their gradients were: by a mask, or instead."""
    recording = run.recording(apply.recording)
    results = results_of(run, recording)
    for pair in apply.pairs:
        if pair.variable is None or pair.handed is None or pair.handed in results:
            continue
        operation = recording.operations[pair.handed]
        while operation.index not in results:
            factors = [number(recording, source) for source in operation.inputs]
            if is_zero(recording, operation.index) or (operation.type == "Mul" and 0.0 in factors):
                yield pair.variable
                break
            whole = [one for one in operation.inputs if recording.operations[one].shape != ()]
            if operation.type not in PLAIN | SCALINGS or len(whole) != 1:
                break
            operation = recording.operations[whole[0]]


_Found = tuple["_Neck", Recording, list[int]]


def _folded(groups: list[_Found]) -> list[tuple[_Neck, Recording, list[int], list[int]]]:
    """What is zero further on is zero before it too: the last neck on a way explains both."""
    behind: dict[int, list[int]] = {id(keys): [] for _, _, keys in groups}
    last = []
    for neck, recording, keys in groups:
        after = recording.descendants([neck.operation.index]) - {neck.operation.index}
        further = [
            (other.operation.index, theirs)
            for other, where, theirs in groups
            if where is recording and other.operation.index in after and theirs is not keys
        ]
        if further:
            behind[id(max(further, key=lambda one: one[0])[1])] += keys
        else:
            last.append((neck, recording, keys))
    return [(neck, recording, keys, behind[id(keys)]) for neck, recording, keys in last]


@dataclass(frozen=True)
class _Neck:
    operation: Operation
    custom: CustomGradient | None

    @property
    def likelihood(self) -> tuple[bool, bool, bool, int]:
        """What is flat everywhere stands before a threshold, and the last before others.

        Of thresholds, what somebody wrote stands before those of layers.
        """
        known = self.operation.type in FLAT or cut_kind(self.operation) is not None
        return self.custom is not None, known, self.own, self.operation.index

    @property
    def own(self) -> bool:
        """Says whether a line of the program does it, not a layer."""
        return "__call__" not in self.operation.via


def likeliest(run: Run, call: GradientCall, key: int) -> _Neck | None:
    """What flattens the way from a variable to the target, most likely."""
    necks = (
        neck
        for neck in _necks(run, call, key)
        if neck.operation.type not in SATURATES or _saturated(run, call, neck.operation)
    )
    return max(necks, key=lambda neck: neck.likelihood, default=None)


def _necks(run: Run, call: GradientCall, key: int) -> Iterator[_Neck]:
    """The flat operations through which every way from a variable must go."""
    recording = run.recording(call.recording)
    starts = {
        read.index
        for read in recording.reads_of(key)
        if call.tape in read.tapes and read.index < call.at
    }
    ends = {target.operation for target in call.targets if target.operation >= 0}
    way = sorted(recording.descendants(starts) & recording.ancestors(ends))
    flat: dict[object, list[_Neck]] = {}
    for index in reversed(way):
        operation = recording.operations[index]
        custom = _custom(run, recording, operation)
        # Out of a loop or a branch comes zero where there would be None outside.
        if index not in starts and not operation.backward and (custom or _flat(operation)):
            neck = _Neck(operation, custom)
            # What one line of the program does at every round is one thing.
            once = custom is None and neck.own and operation.place
            group = (operation.type, operation.place) if once else index
            flat.setdefault(group, []).append(neck)
    for necks in [part for found in flat.values() for part in _rounds(recording, found)]:
        shut = {neck.operation.index for neck in necks}
        reached = set(starts)
        for step in way:
            if step not in shut and reached.intersection(recording.operations[step].inputs):
                reached.add(step)
        if not reached & ends:
            yield necks[0]


def _rounds(recording: Recording, necks: list[_Neck]) -> list[list[_Neck]]:
    """What a line does in turn, each time on what came of the last; else each by itself.

    The ways through two thresholds side by side, as of a hinge loss, may cancel.
    """
    indices = [neck.operation.index for neck in necks]
    in_turn = all(later in recording.descendants([earlier]) for later, earlier in pairwise(indices))
    return [necks] if in_turn else [[neck] for neck in necks]


def _flat(operation: Operation) -> bool:
    flat = operation.type in CLIPS | FLAT | SATURATES or is_of_one(operation)
    return flat or cut_kind(operation) is not None


def is_of_one(operation: Operation) -> bool:
    """A softmax over a single value: 1 whatever comes in."""
    return operation.type in ("Softmax", "LogSoftmax") and (operation.shape or (0,))[-1] == 1


def _custom(run: Run, recording: Recording, operation: Operation) -> CustomGradient | None:
    """The function whose result this is, if its own gradient was zero when tried."""
    # In a graph TensorFlow's own functions are not told, and the result is an IdentityN.
    if operation.type != "IdentityN" and not CUSTOM.intersection(operation.via):
        return None
    made = [recording.operations[source].place for source in operation.inputs]
    for seen in run.custom_gradients:
        first, last = seen.lines
        there = seen.place.path if seen.kind == "nothing" and seen.place is not None else ""
        if any(place and place.path == there and first <= place.line <= last for place in made):
            return seen
    return None
