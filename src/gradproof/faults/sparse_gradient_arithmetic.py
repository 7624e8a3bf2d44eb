"""Arithmetic with the sparse gradient of an embedding.

The gradient of an embedding is not a tensor but `tf.IndexedSlices`: the rows that
were looked up, and their numbers. Operations of TensorFlow take it; `+`, `*`, `sum`,
NumPy and indexing do not, and raise a TypeError. It shows when gradients are
added up over batches, scaled or measured.

## Bad
<!-- mode: eager -->

```python
words = keras.layers.Embedding(3, 4, name="words")


def gradients_of(labels, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(words(labels) - y))
    return tape.gradient(loss, words.trainable_variables)


def step(optimizer, labels, y):
    first = gradients_of(labels[:4], y[:4])
    second = gradients_of(labels[4:], y[4:])
    total = [a + b for a, b in zip(first, second)]
    optimizer.apply_gradients(zip(total, words.trainable_variables))
```

## Good
<!-- mode: eager -->

```python
words = keras.layers.Embedding(3, 4, name="words")


def gradients_of(labels, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(words(labels) - y))
    return tape.gradient(loss, words.trainable_variables)


def step(optimizer, labels, y):
    first = gradients_of(labels[:4], y[:4])
    second = gradients_of(labels[4:], y[4:])
    total = [tf.add_n([a, b]) for a, b in zip(first, second)]
    optimizer.apply_gradients(zip(total, words.trainable_variables))
```

## Fix

Make the gradients dense with `tf.convert_to_tensor`, or use operations that
take sparse ones: `tf.add_n`, `tf.norm`, `tf.clip_by_global_norm`.

## Not this fault

- `tf.convert_to_tensor`, `tf.add_n`, `tf.clip_by_norm` on such a gradient.
- Applying it as it is: every optimizer takes it.
- Adding it to a dense tensor, `tf.zeros(...) + gradient`, which is allowed.

## Sources

- TensorFlow 2.21.0, tried: `+`, `-`, `*`, `/`, `abs`, `len`, indexing and `.numpy()` of
  `tf.IndexedSlices` raise TypeError or AttributeError; unary minus works.
- https://github.com/keras-team/keras/issues/18985
- https://github.com/d2l-ai/d2l-en/pull/1759
- https://github.com/bojone/accum_optimizer_for_keras/issues/8
- https://github.com/tensorflow/tensorflow/issues/2283
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

LOOKUPS = frozenset({"ResourceGather", "ResourceGatherNd", "Gather", "GatherV2"})
"""Operations whose gradient is sparse."""


def find(loop: Loop) -> Iterator[Finding]:
    """Operators of Python that meet the gradient of an embedding."""
    for seen in loop.about("sparse-gradient-arithmetic"):
        yield Finding(
            "the gradient of an embedding is sparse: Python's operators refuse it",
            place=loop.place(seen.at),
            label="sparse gradient",
            related=loop.others_of(seen),
            variables=seen.names,
            fix=Fix("make it dense with `tf.convert_to_tensor`, or use `tf.add_n`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the line that took a sparse gradient for a tensor."""
    crash = run.crash
    if crash is None or crash.kind not in ("TypeError", "AttributeError", "ValueError"):
        return
    if "'IndexedSlices'" not in crash.message or not crash.places:
        return
    names = _sparse(run)
    of = f" of {listed(names)}" if names else ""
    yield Finding(
        f"the gradient{of} is tf.IndexedSlices, with which this arithmetic is not defined; the "
        f"program ended with {crash.kind}: {crash.message.splitlines()[0][:120]}",
        place=crash.places[-1],
        label="takes a sparse gradient for a tensor",
        variables=names,
        step=run.counted + 1,
        fix=Fix("make the gradients dense first: `tf.convert_to_tensor(gradient)`", safe=False),
    )


def _sparse(run: Run) -> tuple[str, ...]:
    """Paths of the variables that were looked up, and asked for gradients."""
    found: dict[str, None] = {}
    for call in run.calls:
        recording = run.recording(call.recording)
        for source in call.sources:
            if source.variable is not None and source.connected:
                for read in recording.reads_of(source.variable):
                    users = recording.consumers.get(read.index, ())
                    types = {read.type, *(recording.operations[user].type for user in users)}
                    if types & LOOKUPS:
                        found[source.name] = None
    return tuple(found)


FAULT = Fault(
    "GP309",
    "sparse-gradient-arithmetic",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("gradients-never-applied",),
)
