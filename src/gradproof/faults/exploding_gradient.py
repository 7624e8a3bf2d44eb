"""The gradients grow by orders of magnitude until the weights overflow.

Each step overshoots, the next gradient is larger, and within some steps the loss
is infinite and every weight is NaN. A learning rate that is too large does it, a
loss that is summed instead of averaged, a recurrent or very deep network without
clipping or normalisation.

## Bad

```python
fast = keras.optimizers.SGD(100.0)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    fast.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
fast = keras.optimizers.SGD(0.1, global_clipnorm=1.0)


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    fast.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Lower the learning rate, clip by the global norm (`global_clipnorm=1.0`), average
the loss, normalise inputs and layers.

## Not this fault

- `sum-vs-mean-reduction`: the loss is a sum over the batch, that is why.
- A single spike after which training goes on.
- A loss that rises or oscillates without such growth: GANs, minimax, ascent.
- `nan-from-singular-op`: finite values, and one operation whose derivative is not.
- `float16-range`: only the narrow type overflows.

## Sources

- Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks",
  2013, https://arxiv.org/abs/1211.5063
- Keras 3.15.1 and tf-keras 2.21.0, tried: gradients and weights overflow without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, second_places

if TYPE_CHECKING:
    from ..evidence.run import Run


def prove(run: Run) -> Iterator[Finding]:
    """Find gradients that grew from step to step beyond all bounds."""
    from ..evidence.growth import growths

    for found in growths(run):
        first, last = found.first, found.last
        loss = (
            f"; the loss went from {first.loss:.3g} to {last.loss:.3g}"
            if first.loss is not None and last.loss is not None
            else ""
        )
        end = f", and was not finite at step {found.ended.index}" if found.ended else ""
        made = _made(run, found.apply.optimizer)
        grew = (
            f"the largest gradient norm grew from {found.norms[0]:.3g} at step {first.index} to "
            f"{found.norms[1]:.3g} at step {last.index}"
            if first is not last
            else f"the largest gradient norm was {found.norms[1]:.3g} at step {last.index}, and "
            f"the step threw the weights far beyond their size"
        )
        yield Finding(
            f"{grew}{end}{loss}",
            place=found.apply.place,
            label="applies ever larger gradients",
            related=second_places((made, "this optimizer")),
            variables=found.names,
            step=last.index,
            evidence={"norm_first": found.norms[0], "norm_last": found.norms[1]},
            fix=Fix("clip by the global norm, or lower the learning rate", safe=False),
        )


def _made(run: Run, optimizer: int | None) -> Place | None:
    return run.optimizers[optimizer - 1].made_at if optimizer is not None else None


FAULT = Fault(
    "GP306",
    "exploding-gradient",
    __doc__,
    prove=prove,
    symptoms=("nan-gradient-applied", "nan-from-singular-op", "float16-range"),
)
