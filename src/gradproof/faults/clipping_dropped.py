"""Gradients are clipped, and the clipped ones are not used.

Clipping returns new tensors and leaves the old ones as they were. If its result is dropped,
the optimizer gets the raw gradients, and they explode as if nothing had been clipped.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    tf.clip_by_global_norm(gradients, 0.01)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, _ = tf.clip_by_global_norm(gradients, 0.01)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Apply what the clipping returns.

## Not this fault

- Clipping that is asked for the norm alone, which is then printed or kept:
  `_, norm = tf.clip_by_global_norm(...)`.
- Clipping of something that is not applied.

## Sources

- TensorFlow 2.21.0, `tf.clip_by_global_norm`: returns the list of clipped tensors and the norm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, second_places

if TYPE_CHECKING:
    from ..evidence.applies import Apply, Pair
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop
    from ..evidence.recording import Operation, Recording
    from ..evidence.run import Run

CLIPPINGS = frozenset({"clip_by_norm", "clip_by_global_norm", "clip_by_value"})
"""Functions of TensorFlow that clip."""

SAME = frozenset({"UnsortedSegmentSum", "Identity", "Cast", "Reshape"})
"""What passes a gradient on, such as one of single rows as a whole."""

_SCALINGS = frozenset({"Mul", "RealDiv", "DivNoNan", "MulNoNan"})

NORMS = frozenset({"L2Loss", "Square", "Mul", "Abs", "Pack", "ConcatV2", "Reshape"}) | SAME
"""What stands between gradients and their norm."""


def find(loop: Loop) -> Iterator[Finding]:
    """Clipping whose result nobody reads."""
    for seen in loop.about("clipping-dropped"):
        yield Finding(
            "the clipped gradients go nowhere: the raw ones are applied",
            place=loop.place(seen.at),
            label="result not used",
            related=loop.others_of(seen),
            fix=Fix("apply what the clipping returns", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Clipped gradients that nobody uses, while raw ones are applied."""
    told: set[Place | None] = set()
    for call in run.calls:
        recording = run.recording(call.recording)
        applies = [apply for apply in run.applies if _answers(apply, call)]
        raw = [
            key
            for apply in applies
            for pair in apply.pairs
            for key in _raw(apply, pair) or _behind(run, call, apply)
        ]
        if not raw or not recording.whole:
            continue
        scaled = _scaled(run, recording, applies, call)
        if scaled and scaled[0].place not in told:
            told.add(scaled[0].place)
            yield _of_hand(run, scaled, applies, raw)
            continue
        clipped, users = _dropped(run, recording, applies, call.at)
        where = _left(clipped[0], users) if clipped else None
        if not clipped or where in told:
            continue
        told.add(where)
        function = next(name for name in clipped[0].via if name in CLIPPINGS)
        place = applies[0].place
        names = tuple(dict.fromkeys(run.path(key) for key in raw))
        yield Finding(
            f"`tf.{function}` clips the gradients here and nothing "
            f"{'but a norm is taken of' if users else 'uses'} what it returns; "
            f"{len(names)} of {len(call.sources)} gradients are applied as they were taken",
            place=where,
            label="the result is not used",
            related=second_places((place, "the raw gradients are applied here"), but=where),
            variables=names,
            step=1,
            evidence={"raw": len(names)},
            fix=Fix("apply what the clipping returns", safe=False),
        )


def _scaled(
    run: Run, recording: Recording, applies: list[Apply], call: GradientCall
) -> list[Operation]:
    """Gradients times a number that is computed of them, such as a bound over their norm.

    Only if nothing uses any of these products, and the gradients are applied as they were.
    """
    from ..evidence.updating import results

    taken = results([call])
    handed = {pair.handed for apply in applies for pair in apply.pairs} & taken
    computed = recording.descendants(taken)
    converted = {conversion.operation for conversion in recording.conversions}
    found: list[Operation] = []
    for operation in recording.operations[call.at : max(apply.at for apply in applies)]:
        factors = [one for one in operation.inputs if one not in handed]
        if operation.backward or operation.type not in _SCALINGS or len(operation.inputs) != 2:
            continue
        if len(factors) != 1 or factors[0] not in computed or operation.shape == ():
            continue
        if recording.operations[factors[0]].shape != ():
            continue
        if operation.index in recording.consumers or operation.index in converted:
            return []
        found.append(operation)
    return found if len(found) > 1 else []


def _of_hand(run: Run, scaled: list[Operation], applies: list[Apply], raw: list[int]) -> Finding:
    names = tuple(dict.fromkeys(run.path(key) for key in raw))
    place = applies[0].place
    return Finding(
        f"{len(scaled)} gradients are multiplied by a number that is computed of their norm, and "
        f"nothing uses the products; {len(names)} gradients are applied as they were taken",
        place=scaled[0].place,
        label="the result is not used",
        related=second_places((place, "the raw gradients are applied here"), but=scaled[0].place),
        variables=names,
        step=1,
        evidence={"raw": len(names)},
        fix=Fix("apply what the clipping returns", safe=False),
    )


def _answers(apply: Apply, call: GradientCall) -> bool:
    """What is applied there may be what the call gave back."""
    if apply.recording != call.recording or apply.error is not None or apply.at < call.at:
        return False
    return apply.call == call.key or (apply.by_hand and apply.call is None)


def _raw(apply: Apply, pair: Pair) -> frozenset[int]:
    """The variables whose gradients a pair hands over, to an optimizer or by hand."""
    if apply.by_hand:
        return pair.taken_for or frozenset()
    known = pair.variable is not None and pair.handed is not None and pair.call is not None
    return frozenset({pair.variable}) if known and pair.variable is not None else frozenset()


def _behind(run: Run, call: GradientCall, apply: Apply) -> frozenset[int]:
    """The variables whose gradients a change by hand takes as they are, through momenta."""
    from ..evidence.directions import gradients_behind

    behind = gradients_behind(run, apply) if apply.by_hand else frozenset()
    return frozenset(
        source.variable
        for source in call.sources
        if source.variable is not None and source.result in behind
    )


def _left(clipped: Operation, users: list[Operation]) -> Place | None:
    """The line that clips, or calls what clips, beside the one that measures the result."""
    for user in users:
        for here, there in zip(clipped.stack, user.stack, strict=False):
            if here != there:
                return here
    return clipped.place


def _dropped(
    run: Run, recording: Recording, applies: list[Apply], since: int
) -> tuple[list[Operation], list[Operation]]:
    """The clipping between a gradient call and what applies it, if all of it is lost.

    Also what is computed of it, if that only measures.
    """
    from ..evidence.updating import results_of

    results = results_of(run, recording)
    clipping = [
        operation
        for operation in recording.operations[since : max(apply.at for apply in applies)]
        if CLIPPINGS.intersection(operation.via) and not operation.backward
    ]
    inside = {operation.index for operation in clipping}
    fed = recording.descendants(results) & inside
    behind = recording.ancestors(inside)
    # The norm is computed on the way; who asked for that alone dropped nothing.
    inside |= {
        index
        for index in (recording.descendants(results) & behind) - results
        if recording.operations[index].type not in SAME
    }
    users = {
        user
        for index in inside
        for user in recording.consumers.get(index, ())
        if user not in inside and user not in behind
    }
    taken = any(conversion.operation in inside for conversion in recording.conversions)
    handed = {pair.handed for apply in applies for pair in apply.pairs if pair.handed is not None}
    outside = handed & (inside | recording.descendants(users))
    used = taken or not _measured(run, recording, users)
    lost = clipping if fed and not used and not outside else []
    return lost, [recording.operations[user] for user in sorted(users)]


def _measured(run: Run, recording: Recording, users: set[int]) -> bool:
    """Says whether clipped gradients are only measured: their norm goes into a log or a metric."""
    for index in recording.descendants(users):
        operation = recording.operations[index]
        ends = not recording.consumers.get(index) and not operation.writes
        if ends and operation.shape != ():
            return False
        if operation.shape != () and operation.type not in NORMS and not operation.writes:
            return False
        if any(run.variable(key).role != "metric" for key in operation.writes):
            return False
    return True


FAULT = Fault(
    "GP513",
    "clipping-dropped",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("exploding-gradient", "nan-gradient-applied"),
)
