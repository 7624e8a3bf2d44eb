"""A gradient by the output of a call that the target never used.

`encoder(x)` and `model(x)` are two calls, even if `encoder` is a part of `model`: each
computes its own tensors. The score of the second call does not depend on the
features of the first, so the gradient is None. Seen in Grad-CAM and in penalties on
inner layers.

## Bad

```python
def step(encoder, model, x):
    with tf.GradientTape() as tape:
        code = encoder(x)
        score = tf.reduce_sum(model(x))
    return tape.gradient(score, code)
```

## Good

```python
def step(encoder, decoder, x):
    with tf.GradientTape() as tape:
        code = encoder(x)
        score = tf.reduce_sum(decoder(code))
    return tape.gradient(score, code)
```

## Fix

Compute both from one call: a model with two outputs,
`keras.Model(inputs, [features, scores])`, or the rest of the network on the features.

## Not this fault

- The features go on through the rest of the network.
- A gradient by variables of the inner model: these are shared between the calls.

## Sources

- Tried with TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0: the gradient is None.
- https://github.com/tensorflow/tensorflow/issues/62797
- https://github.com/keisen/tf-keras-vis/issues/71
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Gradient calls whose source comes from a call of its own."""
    for seen in loop.about("disconnected-submodel"):
        yield Finding(
            f"`{seen.words}` comes from a call of its own: the target was computed by another "
            "one and does not depend on it, so the gradient is None",
            place=loop.place(seen.at),
            label="a call of its own",
            related=loop.others_of(seen),
            fix=Fix("compute both from one call", safe=False),
            symptoms=("unwatched-tensor",),
        )


REFUSALS = ("Graph disconnected: cannot", "is not connected to `inputs`")
"""What the two generations of Keras say of a model whose outputs come from elsewhere."""


def prove(run: Run) -> Iterator[Finding]:
    """Find sources of another forward pass than the one of the target."""
    from ..evidence.reruns import reruns

    crash = run.crash
    if crash is not None and any(words in crash.message for words in REFUSALS) and crash.places:
        yield Finding(
            f"the outputs of this model are not computed from its inputs; the program ended with "
            f"{crash.kind}: {crash.message.splitlines()[0][:120]}",
            place=crash.places[-1],
            label="joins two calls of a layer",
            step=run.counted + 1,
            fix=Fix("take inputs and outputs from one and the same call", safe=False),
        )
    for found in reruns(run):
        if found.copied:
            continue  # `unwatched-tensor`: no pass at all
        call = found.call
        yield Finding(
            f"the gradient is {'zeros' if call.zeros else 'None'} for the tensor that was made "
            f"here: the target was computed from another run of {listed(found.names)}",
            place=found.place,
            label="a call of its own",
            related=tuple(
                Related(place, words)
                for place, words in ((found.again, "run again here"), (call.place, "asked here"))
                if place is not None and place != found.place
            ),
            variables=found.names,
            step=call.step + 1,
            evidence={"unconnected": len(call.unconnected), "sources": len(call.sources)},
            fix=Fix("compute both from one call", safe=False),
        )


FAULT = Fault(
    "GP209",
    "disconnected-submodel",
    __doc__,
    find=find,
    prove=prove,
    symptoms=(
        "unconnected-variable",
        "unwatched-tensor",
    ),
)
