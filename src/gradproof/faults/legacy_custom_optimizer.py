"""An optimizer of the user's own is written for hooks that are gone.

The class implements `_resource_apply_dense` and `_create_slots`, as optimizers were
written before TensorFlow 2.11. The base class of today calls `build` and
`update_step` instead: the first step raises NotImplementedError, without a word
about what is missing, or an AttributeError for `_set_hyper` or `add_slot`.

## Bad
<!-- keras: 3 -->

```python
class Signed(keras.optimizers.Optimizer):
    def __init__(self):
        super().__init__(learning_rate=0.01, name="signed")

    def _resource_apply_dense(self, gradient, variable, apply_state=None):
        variable.assign_sub(self.learning_rate * tf.sign(gradient))


signed = Signed()


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    signed.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good
<!-- keras: 3 -->

```python
class Signed(keras.optimizers.Optimizer):
    def __init__(self):
        super().__init__(learning_rate=0.01, name="signed")

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, learning_rate * tf.sign(gradient))


signed = Signed()


def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    signed.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Move what `_resource_apply_dense` does to `update_step`, and what `_create_slots` does
to `build`. With tf-keras, deriving from `keras.optimizers.legacy.Optimizer` keeps
the old hooks.

## Not this fault

- A class that derives from `tf.keras.optimizers.legacy` with tf-keras.
- A class that has the old hooks beside `update_step`, to run on both.
- A class that brings its own `apply_gradients`.

## Sources

- Keras 3.15.1, `keras/src/optimizers/base_optimizer.py`, `update_step`: raises
  NotImplementedError; `_resource_apply_dense` is nowhere called.
- https://github.com/tensorflow/addons/issues/2810
- https://github.com/tensorflow/tensorflow/issues/59751
- https://github.com/tensorflow/tensorflow/issues/36449
- https://github.com/tensorflow/recommenders/issues/751
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

OLD = (
    "_set_hyper|_get_hyper|_decayed_lr|_create_hypers|_create_slots|add_slot|get_slot|"
    "_resource_apply_dense|_resource_apply_sparse|_resource_scatter_add|_prepare_local|"
    "_fallback_apply_state|_serialize_hyperparameter|_hyper|_call_if_callable"
)
"""What the base class of old offered to its heirs."""

REFUSED = (
    "kwargs should be empty",
    "Argument `learning_rate` should be float",
    "missing 1 required positional argument: 'learning_rate'",
    "missing 1 required positional argument: 'name'",
    "Argument(s) not recognized",
)
"""What the base class of today says to arguments of old."""

BUILT_IN = frozenset(
    """
    Adadelta Adafactor Adagrad Adam Adamax AdamW Ftrl Lamb Lion LossScaleOptimizer Muon Nadam
    RMSprop SGD
    """.split()
)
"""Optimizers of Keras itself."""


def find(loop: Loop) -> Iterator[Finding]:
    """Classes that implement the old hooks and none of the new ones."""
    if loop.generation == "2":
        return
    for remark in loop.about("legacy-custom-optimizer"):
        yield Finding(
            f"{remark.words} implements {listed(remark.names)}, which nothing calls any more",
            place=loop.place(remark.at),
            label="never called",
            fix=Fix("move it to `update_step`, and the slots to `build`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find an optimizer that stopped for want of a new hook or an old one."""
    crash = run.crash
    if crash is None:
        return
    missing = re.search(rf"'(\w+)' object has no attribute '({OLD})'", crash.message)
    if missing is not None and missing.group(1) not in BUILT_IN:
        yield Finding(
            f"`{missing.group(1)}` uses `{missing.group(2)}`, which the base class of optimizers "
            f"no longer has; the program ended with {crash.kind}",
            place=crash.places[-1] if crash.places else None,
            label="belongs to the optimizers before TensorFlow 2.11",
            step=run.counted + 1,
        )
        return
    if crash.kind != "NotImplementedError" and "must be implemented" not in crash.message:
        return
    for apply in run.applies:
        if apply.optimizer is None or apply.by in BUILT_IN or not apply.error:
            continue
        if not apply.error.startswith(("NotImplementedError", crash.kind)):
            continue
        made = next((one.made_at for one in run.optimizers if one.key == apply.optimizer), None)
        names = tuple(run.path(pair.variable) for pair in apply.pairs if pair.variable is not None)
        yield Finding(
            f"`{apply.by}` does not implement `update_step`, the hook that the base class calls "
            f"for each of {len(names)} variables; the program ended with {crash.kind} at its "
            f"first step",
            # The run sees who called, not the class: source knows its place.
            place=None,
            related=second_places((made, "this optimizer")),
            step=1,
            evidence={"variables": len(names)},
        )
        return


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """The base class refused what the class of old handed to it."""
    from ..evidence.crashes import ended_well

    if ended_well(run) and all(one.name in BUILT_IN for one in run.optimizers):
        return Verdict.CLEARED
    crash = run.crash
    if crash is None or not any(words in crash.message for words in REFUSED):
        return None
    return replace(
        finding,
        message=f"{finding.message}; the program ended with {crash.kind} in the base class",
        step=run.counted + 1,
    )


FAULT = Fault(
    "GP410",
    "legacy-custom-optimizer",
    __doc__,
    find=find,
    prove=prove,
    settle=settle,
    symptoms=("gradients-never-applied",),
)
