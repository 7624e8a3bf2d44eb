"""A call belongs to another generation of Keras or TensorFlow.

The interfaces of optimizers, metrics and models changed at TensorFlow 2.2, 2.4,
2.11 and with Keras 3; code of all generations is in circulation. A name that is
gone raises an AttributeError, an argument that is gone a TypeError or ValueError.

## Bad

<!-- keras: 3 -->
```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.lr.assign(0.1)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.learning_rate.assign(0.1)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Use the name of the installed generation: `learning_rate` for `lr`, a schedule for
`decay`, `reset_state` for `reset_states`, `compute_loss` for `compiled_loss`,
`fit` for `fit_generator`, `add_weight(name=...)` for a name that comes first; or
install `tf_keras` and set `TF_USE_LEGACY_KERAS=1`.

## Not this fault

- `optimizer-call-misuse`: the right method, wrongly called; `minimize`.
- `loss-scale-generation-mix`: `get_scaled_loss` and its like.
- `legacy-custom-optimizer`: the user's own optimizer class is of another generation.
- A name that the program itself misspells.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, each name of the table tried.
- https://github.com/huggingface/transformers/issues/2711
- https://github.com/andreped/GradientAccumulator/issues/37
- https://github.com/optuna/optuna-examples/issues/149
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

GONE: Mapping[str, str] = {
    "lr": "`learning_rate`",
    "decay": "a learning rate schedule",
    "weights": "`variables`",
    "apply": "`apply_gradients`, the method of Keras 2",
    "reset_states": "`reset_state`",
    "compiled_loss": "`compute_loss`",
    "compiled_metrics": "`compute_metrics`",
    "predict_classes": "`argmax` of `predict`",
    "predict_proba": "`predict`",
    "fit_generator": "`fit`",
    "evaluate_generator": "`evaluate`",
    "predict_generator": "`predict`",
    "learning_phase": "the `training` argument",
    "set_learning_phase": "the `training` argument",
    "aggregate_gradients": "`apply_gradients`",
    "scale_loss": "`get_scaled_loss`, the method of Keras 2",
    "experimental": "the name without `experimental`",
    "AdamOptimizer": "`tf.keras.optimizers.Adam`",
    "GradientDescentOptimizer": "`tf.keras.optimizers.SGD`",
    "RMSPropOptimizer": "`tf.keras.optimizers.RMSprop`",
    "MomentumOptimizer": "`tf.keras.optimizers.SGD(momentum=...)`",
    "AdagradOptimizer": "`tf.keras.optimizers.Adagrad`",
    "experimental_aggregate_gradients": "no argument: gradients are aggregated",
    "skip_gradients_aggregation": "no argument: gradients are aggregated",
    "sample_weight_mode": "`sample_weight` with the shape of the output",
    "reset_metrics": "`model.reset_metrics()`",
}
"""Names of one generation that another one does not have, and what it has."""

_NAMES = "|".join(sorted(GONE, key=len, reverse=True))
MISSING = rf"(?:'(\w+)' object|module '([\w.]+)') has no attribute '({_NAMES})'"
REFUSED = (
    rf"Argument\(s\) not recognized: \{{'({_NAMES})'"
    rf"|unexpected keyword argument '({_NAMES})'"
    rf"|({_NAMES}) is deprecated in the new (?:TF-)?Keras optimizer"
    r"|(`keras\.optimizers\.legacy` is not supported)"
)
OPTIMIZERS = frozenset({"lr", "decay", "weights", "apply", "aggregate_gradients", "scale_loss"})
"""Names that many classes may have: they count on Keras's own optimizers only."""

BUILT_IN = r"SGD|RMSprop|Adam\w*|Nadam|Adagrad|Adadelta|Adafactor|Ftrl|Lion|Lamb|Muon|LossScale\w*"


def find(loop: Loop) -> Iterator[Finding]:
    """Names that Keras's objects of this generation do not have."""
    for seen in loop.about("api-generation-mismatch"):
        kind, instead = seen.names
        if kind == "written":
            yield Finding(
                f"`{seen.words}` is no learning rate in Keras 3: a new attribute is set, and the "
                "optimizer goes on with the old rate",
                place=loop.place(seen.at),
                label="sets nothing",
                fix=Fix("set `learning_rate`", safe=False),
            )
            continue
        if kind == "name":
            place, named = loop.place(seen.at), f"name={seen.words}"
            yield Finding(
                "`add_weight` of Keras 3 takes the shape first: a name in its place raises a "
                "ValueError",
                place=place,
                label="the name first",
                fix=Fix(
                    f"hand it over as `{named}`",
                    safe=False,
                    edits=(Edit(place, named),) if instead == "alone" else (),
                ),
                level="warning",
            )
            continue
        yield Finding(
            f"Keras {loop.generation} has no `{seen.words}` for this {kind}; it has {instead}",
            place=loop.place(seen.at),
            label="gone",
            fix=Fix(f"use {instead}", safe=False),
            level="warning",
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find the name or argument of another generation that ended the program."""
    crash = run.crash
    if crash is None or not crash.places:
        return
    missing = re.search(MISSING, crash.message)
    refused = re.search(REFUSED, crash.message)
    if missing is not None:
        kind, module, name = missing.groups()
        if module is not None and not module.startswith(("keras", "tf_keras", "tensorflow")):
            return
        if kind is not None and name in OPTIMIZERS and re.fullmatch(BUILT_IN, kind) is None:
            return
    elif refused is not None:
        name = next(part for part in refused.groups() if part)
    else:
        return
    there = f"; here it is {GONE[name]}" if name in GONE else ""
    word = f"`{name}`" if name in GONE else name
    yield Finding(
        f"{word} belongs to another generation{there}; the program ended with {crash.kind}: "
        f"{(missing or refused or [crash.message])[0]}",
        place=crash.places[-1],
        label="not in the installed generation",
        step=run.counted + 1,
        fix=Fix(f"use {GONE[name]}", safe=False) if name in GONE else None,
    )


FAULT = Fault(
    "GP413",
    "api-generation-mismatch",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("gradients-never-applied",),
)
