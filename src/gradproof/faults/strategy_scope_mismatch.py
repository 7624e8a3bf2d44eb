"""Model, optimizer and step belong to different strategies.

The model was made under the scope of a strategy and the optimizer was not, or the
other way round, or the step runs outside of it. TensorFlow refuses to mix
them: when the first slot variable is made, or when the gradients are applied.

## Bad

<!-- mode: eager -->
<!-- keras: 3 -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="net")])
adam = keras.optimizers.Adam(0.01)


def update(x, y):
    with tf.GradientTape() as tape:
        each = tf.reduce_mean(tf.square(net(x) - y), axis=-1)
        loss = tf.nn.compute_average_loss(each)
    gradients = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(gradients, net.trainable_variables))


def step(x, y):
    strategy.run(update, args=(x, y))
```

## Good

<!-- mode: eager -->
<!-- keras: 3 -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
with strategy.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="net")])
    adam = keras.optimizers.Adam(0.01)


def update(x, y):
    with tf.GradientTape() as tape:
        each = tf.reduce_mean(tf.square(net(x) - y), axis=-1)
        loss = tf.nn.compute_average_loss(each)
    gradients = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(gradients, net.trainable_variables))


def step(x, y):
    strategy.run(update, args=(x, y))
```

## Fix

Make model, optimizer and metrics, and restore checkpoints, inside one
`with strategy.scope():`; apply gradients inside `strategy.run`.

## Not this fault

- Losses and datasets made outside the scope: they hold no variables.
- `accumulation-under-strategy`: a condition around the apply call in a replica.

## Sources

- TensorFlow 2.21.0, `distribute/distribute_lib.py`: "Mixing different tf.distribute.Strategy
  objects"; `distribute/values.py`: "not available outside the replica context".
- Keras 3.15.1, tried: an optimizer made outside the scope raises.
- https://github.com/huggingface/transformers/issues/4456
- https://github.com/tensorflow/tensorflow/issues/55713
- https://github.com/tensorflow/tensorflow/issues/41768
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, Related

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

REFUSALS = (
    "Mixing different tf.distribute.Strategy objects",
    "must only be passed a variable created in this tf.distribute.Strategy.scope()",
    'Need to be inside "with strategy.scope()"',
    "was not created in the distribution strategy scope",
    "is not available outside the replica context",
    "which is different from the scope used for the original variable",
    "different from the strategy scope",
    "in cross-replica context, use",
)
"""What TensorFlow and Keras say when strategies are mixed."""


def find(loop: Loop) -> Iterator[Finding]:
    """Models and optimizers made outside the scope, and updated by replicas."""
    for seen in loop.about("strategy-scope-mismatch"):
        what = "this model" if seen.words == "model" else f"this {seen.words}"
        yield Finding(
            f"{what} is made outside `strategy.scope()` and updated inside `strategy.run`: "
            "TensorFlow refuses to mix them",
            place=loop.place(seen.at),
            label="made outside the scope",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("make model and optimizer inside one `with strategy.scope():`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the call at which TensorFlow refused to mix strategies."""
    crash = run.crash
    if crash is None or not crash.places or "merge_call" in crash.message:
        return
    words = next((words for words in REFUSALS if words in crash.message), None)
    if words is None:
        return
    made = _optimizer(run)
    yield Finding(
        f"model, optimizer and step do not belong to one strategy; the program ended with "
        f"{crash.kind}: {words}",
        place=made or crash.places[-1],
        label="made for another strategy" if made is not None else "mixes strategies",
        related=(Related(crash.places[-1], "refused here"),) if made is not None else (),
        step=run.counted + 1,
        fix=Fix("make model and optimizer inside one `with strategy.scope():`", safe=False),
    )


def _optimizer(run: Run) -> Place | None:
    """Where the optimizer whose apply call failed was made, outside the scope."""
    for apply in run.applies:
        if apply.error is not None and apply.optimizer is not None and "Mixing" in apply.error:
            return run.optimizers[apply.optimizer - 1].made_at
    return None


FAULT = Fault(
    "GP415",
    "strategy-scope-mismatch",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("gradients-never-applied",),
)
