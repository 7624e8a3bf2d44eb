"""What a loss was offered to take in, and whether it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..finding import Place
from .recording import EXTERNAL, Operation, Recording
from .reductions import reductions

if TYPE_CHECKING:
    from .gradients import GradientCall
    from .run import Run


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that was made or handed over for the loss.

    Attributes:
        kind: `"sample weight"`, `"regularizer"`, or `"added loss"` (a layer
            gave it to `add_loss`).
        name: Of the argument or the layer, or path of the variable.
        recording: Number of the recording in which it stands; `None` for a
            regulariser, which stands nowhere until somebody asks for it.
        operations: Indices of the operations that made it.
        variable: Key, for a regulariser.
        place: The user's line that made it.
    """

    kind: str
    name: str
    recording: int | None = None
    operations: tuple[int, ...] = ()
    variable: int | None = None
    place: Place | None = None


_FEW = 8
"""Entries of a vector of whole numbers that is a shape or a list of axes."""


def penalized(recording: Recording, variable: int, ends: frozenset[int]) -> bool:
    """Says whether a penalty on a variable's own value is among `ends`.

    `ends` are indices of everything that a loss depends on. A penalty is a
    number that is computed from the variable alone, with no data between.
    """
    todo = [operation.index for operation in recording.reads_of(variable)]
    seen: set[int] = set()
    while todo:
        index = todo.pop()
        if index in seen or index not in ends:
            continue
        seen.add(index)
        for user in recording.consumers.get(index, ()):
            if user in ends and _alone(recording, user, variable):
                if recording.operations[user].shape == ():
                    return True
                todo.append(user)
    return False


def _alone(recording: Recording, index: int, variable: int) -> bool:
    """The operation takes nothing but this variable and constants."""
    before = [recording.operations[number] for number in recording.ancestors([index])]
    reads = frozenset().union(*(operation.reads for operation in before))
    return reads == {variable} and not any(_is_data(operation) for operation in before)


def _is_data(operation: Operation) -> bool:
    """It comes from outside and is no scalar, shape or list of axes."""
    if operation.inputs or operation.reads or operation.type == "Const":
        return False
    if operation.shape is None or None in operation.shape:
        return True
    if operation.dtype.startswith(("int", "uint")):
        return len(operation.shape) > 1 or any((length or 0) > _FEW for length in operation.shape)
    return operation.shape != ()


def offered(
    offers: tuple[Offer, ...], kind: str, recording: Recording
) -> Iterator[tuple[Offer, frozenset[int]]]:
    """Offers of a kind in a recording, each with all that depends on it."""
    for offer in offers:
        if offer.kind == kind and offer.recording == recording.key and offer.operations:
            yield offer, recording.descendants(offer.operations)


def dropped(run: Run) -> Iterator[tuple[GradientCall, list[Offer], list[Offer]]]:
    """Calls whose targets leave out what layers declared, all of it.

    Each with the regularisers and the added losses that it leaves out.
    """
    for call in run.calls:
        if call.inner or len(call.targets) != 1 or not run.wanted(call):
            continue
        recording = run.recording(call.recording)
        target = call.targets[0].operation
        if target < 0 or not recording.whole or not _last_of_its_place(run, call):
            continue
        ends = frozenset().union(
            *(
                recording.ancestors([there.operation])
                for other in run.calls
                if other.recording == call.recording and other.place != call.place
                for there in other.targets
            ),
            recording.ancestors([target]),
        )
        opened = run.tape(call.tape).opened
        keys = {source.variable for source in call.sources}
        penalties = [
            offer
            for offer in run.offers
            if offer.kind == "regularizer"
            and offer.variable in keys
            # A replica reads a copy of its own, under another key.
            and any(read.index in ends for read in recording.reads_of(offer.variable or 0))
        ]
        if any(penalized(recording, offer.variable or 0, ends) for offer in penalties):
            penalties = []
        added = [
            offer
            for offer, _ in offered(run.offers, "added loss", recording)
            if not ends & set(offer.operations)
            and all(opened <= index < call.at for index in offer.operations)
        ]
        if penalties or added:
            yield call, penalties, added


def _last_of_its_place(run: Run, call: GradientCall) -> bool:
    """Of the calls of one place the last one tells; so each place is told once."""
    last = [other for other in run.calls if other.stack == call.stack]
    return last[-1] is call


_MASKED = frozenset({"compute_mask"})
_HANDING = frozenset({"Cast", "Identity", "ExpandDims", "Reshape", "LogicalAnd", "Squeeze"})


def ignored_mask(recording: Recording, target: int) -> Operation | None:
    """The mask of a layer's output that a mean over positions leaves aside."""
    before = recording.ancestors([target])
    end = _positions(recording, target)
    if end is None or end.shape is None or len(end.shape) < 2:
        return None
    shape = end.shape
    masks = [
        operation
        for operation in recording.operations
        if operation.dtype == "bool"
        and _MASKED & set(operation.via)
        and operation.shape == shape[: len(operation.shape or ())]
        and len(operation.shape or ()) >= 2
    ]
    if not masks or any(_weighs(recording, mask, before) for mask in masks):
        return None
    # Somebody who compares data on the way to the loss may mask by hand.
    for index in before:
        operation = recording.operations[index]
        if operation.dtype == "bool" and "call" not in operation.via:
            return None
    outside = [
        index
        for index in before
        if recording.operations[index].type == EXTERNAL
        and recording.operations[index].shape not in ((), None)
        and recording.operations[index].dtype.startswith("float")
    ]
    return masks[-1] if len(outside) <= 1 else None


def _weighs(recording: Recording, mask: Operation, before: frozenset[int]) -> bool:
    """A mask is used on the way to a loss outside of layers, such as by the loss itself."""
    todo, seen = [mask.index], set[int]()
    while todo:
        for user in recording.consumers.get(todo.pop(), ()):
            operation = recording.operations[user]
            if user not in before or user in seen:
                continue
            seen.add(user)
            if operation.type in _HANDING:
                todo.append(user)
            elif "call" not in operation.via:
                return True
    return False


def _positions(recording: Recording, target: int) -> Operation | None:
    """What the mean or sum that ends in the target is taken over."""
    operation = recording.operations[target]
    for _ in range(6):
        if operation.type in ("Mean", "Sum") and operation.shape == () and operation.inputs:
            return recording.operations[operation.inputs[0]]
        if operation.type not in ("Identity", "Cast", "Reshape") or not operation.inputs:
            return None
        operation = recording.operations[operation.inputs[0]]
    return None


def idle_mask(recording: Recording, call: GradientCall) -> tuple[Operation, Operation] | None:
    """A mask of the user's that nothing uses, and the mean that counts what it would leave out.

    In a graph everything that is used, or given back, has a user. The mask is made of
    comparisons of data, numbers for a product, one for each of the mean's entries.
    """
    if recording.function is None or not recording.whole:
        return None
    means = [one.operation for one in reductions(recording, call) or () if one.kind == "Mean"]
    entries = {recording.operations[mean.inputs[0]].shape: mean for mean in means}
    for operation in recording.operations[: call.at]:
        mean = entries.get(operation.shape)
        if mean is None or not operation.shape or operation.index in recording.consumers:
            continue
        made = recording.operations[operation.inputs[0]] if operation.inputs else operation
        numbers = operation.type == "Cast" and operation.dtype.startswith("float")
        if not numbers or made.dtype != "bool" or operation.via or call.tape not in operation.tapes:
            continue
        behind = recording.ancestors([operation.index])
        if not any(recording.operations[index].reads for index in behind):
            return operation, mean
    return None


def idle_weights(recording: Recording, call: GradientCall) -> tuple[Operation, Operation] | None:
    """Weights of the classes that are looked up for each label, and that nothing uses.

    With the mean that counts each label the same. What looks them up takes them from
    numbers that no gradient is taken for, by labels on which the loss depends, too.
    """
    if recording.function is None or not recording.whole:
        return None
    means = [one.operation for one in reductions(recording, call) or () if one.kind == "Mean"]
    entries = {recording.operations[mean.inputs[0]].shape: mean for mean in means}
    keys = {source.variable for source in call.sources}
    for operation in recording.operations[: call.at]:
        mean = entries.get(operation.shape)
        if mean is None or not operation.shape or operation.index in recording.consumers:
            continue
        if operation.type not in _LOOK_UPS or call.tape not in operation.tapes:
            continue
        behind = recording.ancestors([operation.index])
        learned = any(recording.operations[index].reads & keys for index in behind)
        labels = {index for index in behind if _is_label(recording.operations[index])}
        if not learned and labels & recording.ancestors([mean.index]):
            return operation, mean
    return None


_LOOK_UPS = frozenset({"GatherV2", "Gather", "ResourceGather"})


def _is_label(operation: Operation) -> bool:
    data = operation.type in (EXTERNAL, "IteratorGetNext", "Placeholder")
    return data and operation.dtype.startswith("int") and bool(operation.shape)


def idle_penalty(run: Run, call: GradientCall) -> tuple[Operation, int] | None:
    """A penalty that is computed by hand of trained variables in the tape, and that nothing uses.

    With the key of one of the variables. Penalties that layers declare are computed whenever
    somebody looks whether there are any.
    """
    recording = run.recording(call.recording)
    if recording.function is None or not recording.whole or not call.targets:
        return None
    used = recording.ancestors([call.targets[0].operation])
    keys = {source.variable for source in call.sources if source.variable is not None}
    keys -= {offer.variable for offer in run.offers if offer.kind == "regularizer"}
    for operation in recording.operations[: call.at]:
        if operation.index in recording.consumers or operation.shape != ():
            continue
        # A norm that is computed outside of the tape is for the log.
        if call.tape not in operation.tapes or operation.writes or operation.reads:
            continue
        behind = [recording.operations[index] for index in recording.ancestors([operation.index])]
        own = frozenset().union(*(one.reads for one in behind))
        squares = any(one.type in _PENALTIES for one in behind)
        if not own or not own <= keys or not squares or any(_is_data(one) for one in behind):
            continue
        if used.isdisjoint(one.index for one in behind if one.type in _PENALTIES):
            return operation, min(own)
    return None


_PENALTIES = frozenset({"L2Loss", "Square", "Abs"})
