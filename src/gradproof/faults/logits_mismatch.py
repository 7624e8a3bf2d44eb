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

from ..evidence import Loop, Run
from ..evidence.loop import Spot
from ..evidence.operations import SHAPING
from ..evidence.paths import on_the_way
from ..fault import Fault
from ..finding import Edit, Finding, Fix, Related

LOGITS_LOSSES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
SQUASHING = ("Softmax", "Sigmoid", "LogSoftmax")


def find(loop: Loop) -> Iterator[Finding]:
    """Cross-entropies that expect the other kind of prediction."""
    seen: set[Spot] = set()
    for call in loop.loss_calls:
        if call.at in seen:
            continue
        seen.add(call.at)
        if call.logits_expected:
            message = f"`{call.loss}` expects logits, and the prediction already ends in a {call.activation}"
        else:
            message = f"`{call.loss}` expects probabilities, and the prediction is the raw output of a linear layer"
        yield Finding(
            message,
            place=loop.place(call.flag or call.at),
            label="expects logits" if call.logits_expected else "expects probabilities",
            related=(
                *loop.related(call.last, f"ends in {call.activation}"),
                *(loop.related(call.at, "given here") if call.flag not in (None, call.at) else ()),
            ),
            fix=_fix(loop, call.flag, call.logits_expected),
        )


def _fix(loop: Loop, flag: Spot | None, logits: bool) -> Fix:
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
    """Find a softmax or sigmoid whose result goes into a loss of logits."""
    seen: set[object] = set()
    for call in run.calls:
        keys = [source.variable for source in call.sources if source.variable is not None]
        recording = run.recording(call.recording)
        for operation in on_the_way(run, call, keys):
            if operation.type not in LOGITS_LOSSES or not operation.inputs:
                continue
            before = recording.operations[operation.inputs[0]]
            while before.type in SHAPING and before.inputs:
                before = recording.operations[before.inputs[0]]
            if before.type not in SQUASHING or operation.place in seen:
                continue
            seen.add(operation.place)
            yield Finding(
                f"the output of {before.type} goes into {operation.type}, which applies it again: "
                f"the probabilities are taken for logits",
                place=operation.place,
                label="expects logits",
                related=(Related(before.place, f"{before.type} is applied here"),)
                if before.place is not None
                else (),
                variables=tuple(run.path(key) for key in keys),
                step=call.step + 1,
            )


FAULT = Fault("GP702", "logits-mismatch", __doc__, find=find, prove=prove)
