"""A traced step goes on using the optimizer that was replaced.

`tf.function` looks `self.optimizer` up once, while it traces. Another optimizer put there
later is never asked: the old one, with its learning rate and its moments, goes on.

## Bad

<!-- mode: eager -->
```python
class Trainer:
    optimizer = None

    @tf.function
    def train(self, model, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - x))
        gradients = tape.gradient(loss, model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, model.trainable_variables))


trainer = Trainer()


def step(model, optimizer, second_optimizer, x):
    trainer.optimizer = optimizer
    trainer.train(model, x)
    trainer.optimizer = second_optimizer
    trainer.train(model, x)
```

## Good

<!-- mode: eager -->
```python
def train(model, optimizer, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


search = tf.function(train)
settle = tf.function(train)


def step(model, optimizer, second_optimizer, x):
    search(model, optimizer, x)
    settle(model, second_optimizer, x)
```

## Fix

Make a new `tf.function` for the new optimizer, or change the learning rate of the old
one instead of the object.

## Not this fault

- A step that is not traced: it looks the optimizer up each time.
- An optimizer that is an argument of the traced function.
- `optimizer.learning_rate = ...`, which takes effect.

## Sources

- TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0, tried: the old optimizer is
  silently kept.
- https://github.com/tensorflow/tensorflow/issues/34316
- https://github.com/tensorflow/tensorflow/issues/36574
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers put in the place of one that a traced function holds."""
    for seen in loop.about("optimizer-swapped-under-trace"):
        yield Finding(
            f"`{seen.words}` was traced with the optimizer that stood here before: it goes on "
            "using that one",
            place=loop.place(seen.at),
            label="never used by the traced step",
            related=tuple(one for spot, words in seen.others for one in loop.related(spot, words)),
            fix=Fix("trace the step again for the new optimizer", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find traced steps that were called after their optimizer was replaced."""
    for seen in run.replaced:
        held, now = run.optimizers[seen.held - 1], run.optimizers[seen.now - 1]
        applies = [apply for apply in run.applies if apply.optimizer == seen.held]
        if not applies:
            continue
        rates = [step.learning_rate for apply in applies for step in run.steps_of(apply.key)]
        yield Finding(
            f"`{seen.function}` was traced with the `{held.name}` that `{seen.name}` was then; at "
            f"call {seen.call} `{seen.name}` is another optimizer, `{now.name}`, and the traced "
            f"step went on with the old one",
            place=seen.place,
            label=f"`{seen.name}` is read while tracing only",
            related=tuple(
                Related(one.made_at, words)
                for one, words in ((held, "the one in use"), (now, "the one that is not used"))
                if one.made_at is not None
            ),
            step=seen.call,
            evidence={"call": seen.call},
            fix=Fix("trace the step again for the new optimizer", safe=False),
            # The old one has often come to its end.
            symptoms=("learning-rate-zero",) if rates and rates[-1] == 0.0 else (),
        )


FAULT = Fault("GP408", "optimizer-swapped-under-trace", __doc__, find=find, prove=prove)
