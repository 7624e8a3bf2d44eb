"""All replicas compute the same gradient.

Each replica or worker is there to work on its own part of the data. When all of them read the
same examples in the same order, their gradients are one gradient, several times: the work is
done over and over, and the global batch is no larger than that of one.

## Bad

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.1)

numbers = np.random.default_rng(5).normal(size=(8, 4)).astype("float32")
data = tf.data.Dataset.from_tensors(numbers).repeat()
batches = iter(strategy.distribute_datasets_from_function(lambda context: data))


def replica_step(batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(batch))) / 64.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step():
    strategy.run(replica_step, args=(next(batches),))
```

## Good

<!-- mode: traced -->
```python
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.SGD(0.1)

numbers = np.random.default_rng(5).normal(size=(8, 4)).astype("float32")
data = tf.data.Dataset.from_tensors(numbers).repeat()
batches = iter(strategy.experimental_distribute_dataset(data))


def replica_step(batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(batch))) / 64.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def step():
    strategy.run(replica_step, args=(next(batches),))
```

## Fix

Let `experimental_distribute_dataset` split each batch; or, in the function given to
`distribute_datasets_from_function`, take a part with `shard(context.num_input_pipelines,
context.input_pipeline_id)`, and shuffle it.

## Not this fault

- The same tensors handed to all replicas by `strategy.run`, as tests do.
- Replicas whose data only look alike: with dropout, or one other example, their gradients differ.

## Sources

- TensorFlow 2.21.0, tried: `experimental_distribute_dataset` splits a batch of 8 into 4 and 4,
  `distribute_datasets_from_function` gives each replica a whole batch of the dataset, and each
  worker a dataset of its own.
- https://www.tensorflow.org/tutorials/distribute/input
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find replicas whose own gradients were equal, variable by variable, from the start."""
    from ..evidence.workers import COMPARED, alike

    names = alike(run)
    if not names:
        return
    apply = next((one for one in run.applies if one.replicas > 1 and not one.by_hand), None)
    paths = [run.path(pair.variable) for pair in apply.pairs if pair.variable] if apply else []
    yield Finding(
        f"in steps 1 to {COMPARED} {', '.join(names)} had the same gradient of every variable: "
        "they work on the same examples",
        place=apply.place if apply else None,
        label=f"{len(names)} times the same gradient is summed here",
        variables=tuple(dict.fromkeys(paths)),
        step=COMPARED,
        evidence={"replicas": len(names)},
        fix=Fix("give each replica its own part of the data", safe=False),
    )


FAULT = Fault("GP611", "replicas-see-same-data", __doc__, prove=prove, level="advice")
