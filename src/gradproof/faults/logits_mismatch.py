"""The loss and the last layer disagree about logits.

Raw scores are given to a loss that expects probabilities: it clips them, and
where it clips, the gradient is exactly zero. Or probabilities are given to a loss
with `from_logits=True`: the softmax is applied twice, and the loss settles far
above zero (about 1.46 for 10 classes). Mostly without a warning.

## Bad

```python
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
loss_function = keras.losses.SparseCategoricalCrossentropy()


def step(optimizer, x, labels):
    with tf.GradientTape() as tape:
        loss = loss_function(labels, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def step(optimizer, x, labels):
    with tf.GradientTape() as tape:
        loss = loss_function(labels, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

`from_logits=True` and no activation on the last layer. Unsafe: the activation
may be wanted, and then the flag has to go.

## Not this fault

- A softmax on the last layer and a loss without the flag.
- A softmax for metrics or for printing beside a loss on logits.
- A softmax output that reaches the loss directly from its Keras layer: Keras finds
  the logits behind it, and warns if the flag is set.

## Sources

- Keras 3.15.1, `keras/src/backend/tensorflow/nn.py`: probabilities are clipped to
  epsilon and 1 - epsilon; `_get_logits` undoes a softmax that it can see.
- https://github.com/tensorflow/tfjs-core/issues/879
- https://github.com/tensorflow/tensorflow/issues/35585
- https://github.com/keras-team/keras/issues/16906
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..evidence.operations import SHAPING
from ..fault import Fault, Verdict
from ..finding import Edit, Finding, Fix, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop, Spot
    from ..evidence.recording import Operation, Recording
    from ..evidence.run import Run

LOGITS_LOSSES = (
    "SoftmaxCrossEntropyWithLogits",
    "SparseSoftmaxCrossEntropyWithLogits",
    "CTCLoss",
    "CTCLossV2",
)
SQUASHING = ("Softmax", "Sigmoid")  # a second log-softmax would change nothing
SIGMOID_LOSS = "sigmoid_cross_entropy_with_logits"
SIGMOID_LOSSES = (SIGMOID_LOSS, "weighted_cross_entropy_with_logits_v2")
OF_LOGITS = ("GreaterEqual", "Abs", "Neg")  # what these losses ask of the logits alone
CLIPS = ("Minimum", "ClipByValue")
PROBABILITIES_ONLY = ("KLDivergence", "kl_divergence", "kullback_leibler_divergence")
_MOST = 10
NUMBERS = ("Const", "ReadVariableOp", "Cast")  # a temperature that is written or learned
LINEAR = ("BiasAdd", "MatMul", "BatchMatMulV2", "Conv2D", "AddV2")
_WANTS_LOGITS = "expects logits"
_CLIPPED = ("zero-gradient-region",)
"""What comes of numbers outside of [epsilon, 1 - epsilon]."""


def find(loop: Loop) -> Iterator[Finding]:
    """Cross-entropies that expect the other kind of prediction."""
    seen: set[Spot] = set()
    for call in loop.loss_calls:
        if call.at in seen:
            continue
        seen.add(call.at)
        if call.logits_expected:
            message = (
                f"`{call.loss}` expects logits, and the prediction already ends in a "
                f"{call.activation}"
            )
        else:
            logs = call.activation == "log_softmax"
            message = f"`{call.loss}` expects probabilities, and the prediction is " + (
                "their logarithm, which is never above 0"
                if logs
                else "the raw output of a linear layer"
            )
        yield Finding(
            message,
            place=loop.place(call.flag or call.at),
            label=_WANTS_LOGITS if call.logits_expected else "expects probabilities",
            related=(
                *loop.related(call.last, f"ends in {call.activation}"),
                *(loop.related(call.at, "given here") if call.flag not in (None, call.at) else ()),
            ),
            fix=_fix(loop, call.flag, call.loss, call.logits_expected),
            symptoms=() if call.logits_expected else _CLIPPED,
        )


def _fix(loop: Loop, flag: Spot | None, loss: str, logits: bool) -> Fix:
    if loss in PROBABILITIES_ONLY:
        return Fix("give it the softmax of these logits", safe=False)
    if flag is None or not flag.text.endswith(")"):
        return Fix(
            "let the last layer be linear" if logits else "set `from_logits=True`", safe=False
        )
    text = flag.text
    if logits:
        new = text.replace("from_logits=True", "from_logits=False")
        edits = (Edit(loop.place(flag), new),) if new != text else ()
        return Fix("say that it gets probabilities", safe=False, edits=edits)
    if "from_logits" in text:
        new = text.replace("from_logits=False", "from_logits=True")
    else:
        new = f"{text[:-1]}{'' if text[:-1].rstrip().endswith('(') else ', '}from_logits=True)"
    return Fix("say that it gets logits", safe=False, edits=(Edit(loop.place(flag), new),))


def prove(run: Run) -> Iterator[Finding]:
    """Find probabilities in a loss of logits, and scores in one of probabilities."""
    from ..evidence.ways import on_the_way

    seen: set[object] = set()
    for call in run.calls:
        keys = [source.variable for source in call.sources if source.variable is not None]
        recording = run.recording(call.recording)
        for operation in on_the_way(run, call, keys):
            finding = _twice(recording, operation) or _raw(recording, operation)
            if finding is not None and operation.place not in seen:
                seen.add(operation.place)
                names = tuple(run.path(key) for key in keys)
                yield replace(finding, variables=names, step=call.step + 1)


def _twice(recording: Recording, operation: Operation) -> Finding | None:
    """A softmax or sigmoid whose result goes into a loss that applies its own."""
    found = _logits_of(recording, operation)
    if found is None:
        return None
    loss, given = found
    before = _cooled(recording, _shaped(recording, given))
    if before.type not in SQUASHING or (loss == "LogSoftmax" and before.type != "Softmax"):
        return None
    return Finding(
        f"the output of {before.type} goes into {loss}, which applies its own: the "
        f"probabilities are taken for logits",
        place=operation.place,
        label=_WANTS_LOGITS,
        related=second_places((before.place, f"{before.type} is applied here")),
    )


def _cooled(recording: Recording, operation: Operation) -> Operation:
    """What is divided by a temperature, smoothed by one number, or clipped: probabilities still.

    A logarithm makes logits of them, and ends the way.
    """
    for _ in range(_MOST):
        if operation.type in (*CLIPS, "Maximum"):
            operation = _shaped(recording, operation.inputs[0])
            continue
        if operation.type not in ("RealDiv", "Mul", "AddV2") or len(operation.inputs) != 2:
            break
        first, second = (recording.operations[index] for index in operation.inputs)
        if operation.type != "RealDiv" and _is_number(first):
            first, second = second, first
        if not _is_number(second) or (operation.type == "AddV2" and (second.value or 0.0) <= 0.0):
            break
        operation = _shaped(recording, first.index)
    return operation


def _is_number(operation: Operation) -> bool:
    """A number that is written, handed over or learned."""
    return operation.shape == () and (operation.type in NUMBERS or operation.value is not None)


def _logits_of(recording: Recording, operation: Operation) -> tuple[str, int] | None:
    """A loss that takes logits, and what made those; told from one of its operations."""
    if not operation.inputs:
        return None
    if operation.type in LOGITS_LOSSES or operation.type == "LogSoftmax":
        return operation.type, operation.inputs[0]
    if operation.type in OF_LOGITS and set(SIGMOID_LOSSES).intersection(operation.via):
        return "a sigmoid cross-entropy", operation.inputs[0]
    # In a graph TensorFlow's own functions are not told, only what they are made of.
    exp = recording.operations[operation.inputs[0]]
    if operation.type == "Log1p" and exp.type == "Exp" and exp.inputs:
        given = _below_zero(recording, recording.operations[exp.inputs[0]])
        return None if given is None else ("a sigmoid cross-entropy", given)
    return None


def _below_zero(recording: Recording, operation: Operation) -> int | None:
    """Of what this is the absolute value, with a minus sign."""
    inputs = [recording.operations[index] for index in operation.inputs]
    if operation.type == "Neg" and inputs[0].type == "Abs":
        return inputs[0].inputs[0]
    if operation.type in ("Select", "SelectV2") and len(inputs) == 3:
        asked, minus, plain = inputs
        if asked.type == "GreaterEqual" and minus.type == "Neg":
            same = asked.inputs[0] == minus.inputs[0] == plain.index
            return plain.index if same else None
    return None


def _raw(recording: Recording, operation: Operation) -> Finding | None:
    """A linear layer whose scores Keras clips to [epsilon, 1 - epsilon] for a logarithm."""
    losses = [name for name in operation.via if name.endswith(("crossentropy", "kl_divergence"))]
    if not losses or operation.type not in CLIPS or not operation.inputs:
        return None
    before = _cooled(recording, _origin(recording, operation))
    logs = before.type == "LogSoftmax"
    if not (before.type in LINEAR or logs) or any(name in before.via for name in losses):
        return None
    range_, kind = ("never above 0", "logarithms") if logs else ("any number", "logits")
    return Finding(
        f"the output of {before.type}, which may be {range_}, goes into `{losses[-1]}`, which "
        f"clips it to [epsilon, 1 - epsilon]: the {kind} are taken for probabilities",
        place=operation.place,
        label="expects probabilities",
        related=second_places(
            (before.place, "log_softmax is applied here" if logs else "the last layer is linear"),
            but=operation.place,
        ),
        symptoms=_CLIPPED,
    )


def _origin(recording: Recording, operation: Operation) -> Operation:
    """What made the first input, casts and reshapes aside."""
    return _shaped(recording, operation.inputs[0])


def _shaped(recording: Recording, index: int) -> Operation:
    """What made a value, also where several of a kind were put together."""
    before = recording.operations[index]
    while before.inputs:
        kinds = {recording.operations[source].type for source in before.inputs}
        together = before.type == "Pack" and len(kinds) == 1
        if not together and before.type not in SHAPING | {"Transpose"}:
            break
        before = recording.operations[before.inputs[0]]
    return before


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Keras takes the logits from behind the softmax, where a traced step shows it one."""
    from ..evidence.constants import same_line
    from ..evidence.ways import on_the_way

    if finding.label != _WANTS_LOGITS:
        return None
    lines = [finding.place, *(there.place for there in finding.related)]
    fine = False
    for call in run.calls:
        keys = [source.variable for source in call.sources if source.variable is not None]
        recording = run.recording(call.recording)
        way = {operation.index: operation for operation in on_the_way(run, call, keys)}
        for operation in way.values():
            here = any(same_line(mine, line) for mine in operation.stack for line in lines if line)
            for source in _entering(operation) if here else ():
                if source in way and _shaped(recording, source).type in SQUASHING:
                    return None
                fine = fine or source in way
    return Verdict.CLEARED if fine else None


def _entering(operation: Operation) -> tuple[int, ...]:
    """What goes into a loss of logits."""
    if operation.type in LOGITS_LOSSES:
        return operation.inputs[:1]
    return operation.inputs if SIGMOID_LOSS in operation.via else ()


FAULT = Fault("GP702", "logits-mismatch", __doc__, find=find, prove=prove, settle=settle)
