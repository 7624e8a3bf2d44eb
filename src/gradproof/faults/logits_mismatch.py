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

from ..evidence import Run
from ..evidence.operations import SHAPING
from ..evidence.paths import on_the_way
from ..finding import Finding, Related
from ..fault import Fault

LOGITS_LOSSES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
SQUASHING = ("Softmax", "Sigmoid", "LogSoftmax")


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


FAULT = Fault("GP702", "logits-mismatch", __doc__, prove=prove)
