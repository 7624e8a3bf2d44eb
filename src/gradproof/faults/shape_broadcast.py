"""Shapes broadcast, and the loss mixes all pairs of examples.

Predictions of shape (N, 1) and targets of shape (N,) differ by a matrix of shape
(N, N): every prediction against every target. The mean of it is lowest where all
predictions equal the mean target. The loss settles there, `fit` on the same data
goes further, and nothing warns.

## Bad

```python
def step(regressor, optimizer, x, amounts):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(regressor(x) - amounts))
    gradients = tape.gradient(loss, regressor.trainable_variables)
    optimizer.apply_gradients(zip(gradients, regressor.trainable_variables))
```

## Good

```python
def step(regressor, optimizer, x, amounts):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(regressor(x) - amounts[:, tf.newaxis]))
    gradients = tape.gradient(loss, regressor.trainable_variables)
    optimizer.apply_gradients(zip(gradients, regressor.trainable_variables))
```

## Fix

Give both the same rank: `y[:, tf.newaxis]`, or `tf.squeeze(prediction, axis=-1)`.
Loss classes such as `keras.losses.MeanSquaredError()` do so by themselves.

## Not this fault

- A matrix of all pairs that is meant: contrastive losses, distances, attention.
- A bias, a weight a class or a scale a feature that broadcasts over the batch.
- A product of a row and a column that is used as a matrix. Where only the mean or the
  sum of all of it is taken, no entry of it meant anything.
- Keras 3 loss functions and both generations of loss classes.

## Sources

- Keras 3.15.1, `keras/src/losses/losses.py`, `mean_squared_error`: squeezes or expands
  to the same rank. tf-keras 2.21.0: only the loss class does.
- https://github.com/tensorflow/tensorflow/issues/28901
- https://github.com/tensorflow/tensorflow/issues/40391
- https://github.com/tensorflow/tensorflow/issues/52115
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop, Spot
    from ..evidence.recording import Operation, Recording
    from ..evidence.run import Run

DIFFERENCES = ("Sub", "SquaredDifference")
PASSING = frozenset(
    """Add AddV2 AddN Sub Neg Identity Cast Softplus Exp Log Log1p Relu Sigmoid
    Tanh Elu""".split()
)
WHOLE = ("Mean", "Sum")

_COMPARED = "every prediction is compared with every target"
_EFFECTS = {
    "a product": "every value is weighted by every factor, and only the sum or mean of all is used",
    "a difference": _COMPARED,
    "targets": _COMPARED,
    "a table": "every label is compared with every prediction",
}

Shape = tuple[int | None, ...]


def find(loop: Loop) -> Iterator[Finding]:
    """A flat operand against a column: every one meets every other."""
    seen: set[Spot] = set()
    for pair in loop.broadcasts:
        if pair.at in seen:
            continue
        seen.add(pair.at)
        flat = pair.left if pair.flat == "left" else pair.right
        mend = f"give `{flat.text}` the other one's shape, with `[:, tf.newaxis]` say"
        if not pair.flat:
            mend = "drop the second axis of the labels before they are made one-hot rows"
        yield Finding(
            f"`{pair.left.text}` has shape {pair.left_shape} and "
            f"`{pair.right.text}` {pair.right_shape}: "
            "the result is n by n",
            place=loop.place(pair.at),
            label="every row meets every other",
            fix=Fix(mend, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find a difference of (N,) and (N, 1) on the way to the target.

    Or a product, of which nothing is used but the mean or the sum of all.
    """
    from ..evidence.ways import on_the_way

    seen: set[object] = set()
    for call in run.calls:
        keys = [source.variable for source in call.sources if source.variable is not None]
        tensors = _tensors(call)
        recording = run.recording(call.recording)
        behind = _depending(run, call, keys, tensors)
        passed = list(on_the_way(run, call, keys, tensors))
        for operation in passed:
            product = operation.type == "Mul"
            if not (product or operation.type in DIFFERENCES) or len(operation.inputs) != 2:
                continue
            left, right = (recording.operations[index] for index in operation.inputs)
            if (left.index in behind) == (right.index in behind) or operation.place in seen:
                continue
            names = tuple(run.path(key) for key in keys)
            if not product:
                target = right if left.index in behind else left
                earlier = _crossed_before(recording, operation, target, seen)
                if earlier is not None:
                    seen.add(earlier.place)
                    yield _told(recording, call, names, earlier, "targets")
            if _labels_in_a_column(recording, left, right):
                seen.add(operation.place)
                yield _told(recording, call, names, operation, "a table")
            if not _crossed(left.shape, right.shape, operation.shape):
                continue
            if _is_parameter(recording, left) or _is_parameter(recording, right):
                continue
            if product and not _only_summed(recording, operation, passed):
                continue
            seen.add(operation.place)
            made = "a product" if product else "a difference"
            yield _told(recording, call, names, operation, made)


def _tensors(call: GradientCall) -> list[int]:
    """Tensors that a loss is differentiated by: points of an update rule, written out, say."""
    if any(target.shape != () for target in call.targets):
        return []
    return [source.operation for source in call.sources if source.operation is not None]


def _told(
    recording: Recording,
    call: GradientCall,
    names: tuple[str, ...],
    operation: Operation,
    made: str,
) -> Finding:
    """What the operation made of two shapes."""
    left, right = (_show(recording.operations[index].shape) for index in operation.inputs)
    result = _show(operation.shape)
    return Finding(
        f"shapes {left} and {right} give {made} of shape {result}: {_EFFECTS[made]}",
        place=operation.place,
        label=f"{left} with {right}",
        variables=names,
        step=call.step + 1,
        evidence={"shape": result},
    )


def _crossed_before(
    recording: Recording, difference: Operation, target: Operation, seen: set[object]
) -> Operation | None:
    """Where the target of a row of predictions was crossed with itself as it was worked out."""
    if not _is_square(target.shape) or not _is_square(difference.shape):
        return None
    # Where the predictions are a square too, all pairs are meant: distances, say.
    others = [recording.operations[index] for index in difference.inputs if index != target.index]
    if any(_is_square(other.shape) for other in others):
        return None
    for index in sorted(recording.ancestors([target.index])):
        operation = recording.operations[index]
        if operation.type not in ("Mul", "AddV2", "Add", "Sub") or len(operation.inputs) != 2:
            continue
        left, right = (recording.operations[number] for number in operation.inputs)
        if _crossed(left.shape, right.shape, operation.shape) and operation.place not in seen:
            return operation
    return None


def _is_square(shape: Shape | None) -> bool:
    return shape is not None and len(shape) == 2 and shape[0] == shape[1] and shape[0] != 1


def _only_summed(recording: Recording, product: Operation, passed: Sequence[Operation]) -> bool:
    """All ways from a product to the target add it up as a whole."""
    from ..evidence.reductions import number

    behind, summed = {product.index}, False
    for operation in passed:
        if not behind.intersection(operation.inputs):
            continue
        others = [index for index in operation.inputs if index not in behind]
        scaled = operation.type in ("Mul", "RealDiv") and len(others) == 1
        if operation.type in WHOLE and operation.shape == ():
            summed = True
        elif operation.type in PASSING or (scaled and number(recording, others[0]) is not None):
            behind.add(operation.index)
        else:
            return False
    return summed


def _is_parameter(recording: Recording, operand: Operation) -> bool:
    """A variable as it is: it has an entry a feature, a class or a step of a grid."""
    from ..evidence.operations import SHAPING

    while operand.type in SHAPING and operand.inputs:
        operand = recording.operations[operand.inputs[0]]
    return bool(operand.reads)


def _depending(run: Run, call: GradientCall, keys: list[int], tensors: list[int]) -> frozenset[int]:
    from ..evidence.ways import cut_kind

    recording = run.recording(call.recording)
    seen = {
        read.index for key in keys for read in recording.reads_of(key) if call.tape in read.tapes
    }
    seen.update(tensors)
    for operation in recording.operations:
        if not seen.isdisjoint(operation.inputs) and cut_kind(operation) is None:
            seen.add(operation.index)
    return frozenset(seen)


def _crossed(left: Shape | None, right: Shape | None, result: Shape | None) -> bool:
    """(N,) against (N, 1), which gives (N, N), or (N, 1) against (N, 1, 1)."""
    if not left or not right or result is None:
        return False
    flat, column = sorted((left, right), key=len)
    if not len(flat) + 1 == len(column) == len(result) or {*flat[1:], *column[1:]} != {1}:
        return False
    # Of what an operation gives beside its first output no shape is known, but of the result.
    if result[1] == 1:
        return False
    # Where only the flat one's length is known, it need not be a batch.
    return flat[0] != 1 and column[0] != 1 and flat[0] in (None, column[0])


def _labels_in_a_column(recording: Recording, left: Operation, right: Operation) -> bool:
    """One-hot rows of shape (N, 1, C) against (N, C), which gives (N, N, C)."""
    from ..evidence.operations import SHAPING

    rows, table = (left, right) if len(left.shape or ()) == 3 else (right, left)
    if rows.shape is None or table.shape is None or len(table.shape) != 2:
        return False
    known = rows.shape == (table.shape[0], 1, table.shape[1]) and table.shape[0] != 1
    while rows.type in SHAPING and rows.inputs:
        rows = recording.operations[rows.inputs[0]]
    return known and rows.type == "OneHot"


def _show(shape: Shape | None) -> str:
    if shape is None:
        return "(?)"
    inner = ", ".join("N" if length is None else str(length) for length in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


FAULT = Fault("GP701", "shape-broadcast", __doc__, find=find, prove=prove)
