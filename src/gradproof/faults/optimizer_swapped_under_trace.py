"""A traced step goes on using the optimizer that was replaced.

`tf.function` looks `self.optimizer` up once, while it traces. Another optimizer put there
later is never asked: the old one, with its learning rate and its moments, goes on. One
that is an argument is asked; but what it keeps it makes at its first step, and a traced
function may make variables in its first call alone: it raises.

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
- An optimizer that is an argument of the traced function, and was built before.
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


SECOND = "a traced step meets a second optimizer, which may not make its state there"


def find(loop: Loop) -> Iterator[Finding]:
    """Optimizers put in the place of one that a traced function holds."""
    for seen in loop.about("optimizer-swapped-under-trace"):
        if seen.names:
            yield Finding(
                f"`{seen.words}` was traced for another optimizer first: this one would make its "
                "state in a later trace, where no variable may be made",
                place=loop.place(seen.at),
                label="makes its state in a later trace",
                related=loop.others_of(seen),
                fix=Fix("`optimizer.build(variables)` before, or a `tf.function` each", safe=False),
                title=SECOND,
            )
            continue
        yield Finding(
            f"`{seen.words}` was traced with the optimizer that stood here before: it goes on "
            "using that one",
            place=loop.place(seen.at),
            label="never used by the traced step",
            related=loop.others_of(seen),
            fix=Fix("trace the step again for the new optimizer", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find traced steps that were called after their optimizer was replaced."""
    yield from _refused(run)
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


def _refused(run: Run) -> Iterator[Finding]:
    """An optimizer that was made outside took its first step in a later trace."""
    from ..evidence.crashes import REFUSALS, file_name

    crash = run.crash
    if crash is None or not any(word in crash.message for word in REFUSALS):
        return
    if any(optimizer.during == "trace" for optimizer in run.optimizers):
        return
    for place in reversed(crash.places):
        here = [
            apply
            for apply in run.applies
            if apply.traced
            and apply.place is not None
            and file_name(apply.place) == file_name(place)
            and apply.place.span.overlaps(place.span)
        ]
        if here:
            applied = {apply.optimizer for apply in here if run.steps_of(apply.key)}
            made = [one.made_at for one in run.optimizers if one.key not in applied]
            yield Finding(
                "the step was traced again for an optimizer that has no state yet, and variables "
                f"may be made in the first trace alone; the program ended with {crash.kind}",
                place=here[-1].place,
                label="makes its state in a later trace",
                related=tuple(Related(one, "made here") for one in made[:1] if one is not None),
                step=max((step.index for step in run.steps_of(here[0].key)), default=0) + 1,
                fix=Fix("`optimizer.build(variables)` before, or a `tf.function` each", safe=False),
                title=SECOND,
            )
            return


FAULT = Fault("GP408", "optimizer-swapped-under-trace", __doc__, find=find, prove=prove)
