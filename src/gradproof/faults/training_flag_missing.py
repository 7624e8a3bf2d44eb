"""The model is called for training without `training=True`.

Outside `fit` a model runs in inference mode unless told otherwise. Dropout does
nothing, and BatchNormalization normalises by its moving statistics, which stay at
their initial values. Nothing warns; the model overfits, or is poor when used.

## Bad

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(4),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(4),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Pass `training=True`, and hand the flag on in the `call` of own layers. Unsafe:
inference mode may be meant.

## Not this fault

- `training=False` written out: a decision. Only a `call` that takes `training`, never reads it,
  and gives False to its own new dropout or normalisation contradicts itself.
- A model without dropout, normalisation or other layers that care.
- A frozen BatchNormalization: inference mode by design, with the flag too.
- A call for evaluation, for targets, or of a second network that is not trained.

## Sources

- Keras 3.15.1, `Layer.__call__`, and tf-keras 2.21.0, `base_layer.py`: without a flag,
  and outside `fit`, `training` is false.
- https://github.com/tensorflow/tensorflow/issues/32864
- https://github.com/philipperemy/keras-tcn/pull/67
- https://github.com/deepchem/deepchem/pull/1787
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Edit, Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.layers import LayerMode
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_LEFT = "leaves `training` at its default"
_ALWAYS = "always `training=False`"


def find(loop: Loop) -> Iterator[Finding]:
    """Models in training that nobody told so."""
    for call in loop.model_calls:
        fix = Fix("pass `training=True`", safe=False)
        if call.insert is not None:
            fix = Fix(
                fix.title, safe=False, edits=(Edit(loop.place(call.insert), ", training=True"),)
            )
        yield Finding(
            f"called without `training=True` in a training step: {listed(call.layers)} "
            "runs as in inference",
            place=loop.place(call.at),
            label=_LEFT if call.within is not None else "no `training=True`",
            related=loop.related(call.within, "handed on here: False, as in the signature"),
            variables=call.layers,
            evidence={"kinds": ", ".join(sorted(call.kinds))} if call.kinds else {},
            fix=fix,
        )

    for seen in loop.about("training-flag-missing"):
        (helper,) = seen.names
        what = "runs" if seen.words == "decided" else "runs its layers"
        yield Finding(
            f"`training` is not handed on: `{helper}` {what} as in inference, whatever "
            "the model is told",
            place=loop.place(seen.at),
            label=_ALWAYS if seen.words == "decided" else "without `training`",
            related=loop.others_of(seen),
            fix=Fix("pass `training=training`", safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find layers that ran in inference mode under every tape that trains."""
    if run.early:
        return
    training = {mode.layer for mode in run.modes if mode.training}
    groups: dict[object, list[LayerMode]] = {}
    for mode in run.modes:
        if mode.training or mode.explicit or not mode.trainable or mode.layer in training:
            continue
        if mode.tape is not None and _trains(run, mode.tape):
            groups.setdefault(mode.place, []).append(mode)
    for place, modes in groups.items():
        kinds = sorted({mode.kind for mode in modes})
        names = tuple(
            run.path(key)
            for mode in modes
            for key in mode.variables
            if not run.variable(key).trainable
        )
        yield Finding(
            f"{listed(mode.layer for mode in modes)} ({', '.join(kinds)}) ran in inference mode "
            f"under the tape and never in training mode: nobody passed `training=True`",
            place=place,  # type: ignore[arg-type]
            label="runs in inference mode",
            variables=names,
            step=1,
            evidence={"layers": len(modes)},
        )


def _trains(run: Run, tape: int) -> bool:
    """Gradients of this tape, or of one around it, were applied."""
    tapes = {tape, *run.tape(tape).outer}
    return any(
        call.tape in tapes and any(source.variable in run.handed for source in call.sources)
        for call in run.calls
    )


WATCHED = {"BatchNormalization", "Dropout"}
"""Kinds of layers whose mode a run shows."""


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """Clear a call that was told so whenever it ran, or that ran other layers only."""
    from ..evidence.constants import ran, same_line

    place = finding.place
    if place is None or run.early:
        return None
    left = finding.label == _LEFT
    called = [there.place for there in finding.related] if left else [place]
    modes = [
        mode
        for mode in run.modes
        if mode.place and any(same_line(mode.place, one) for one in called)
    ]
    if left and modes:
        # The flag is said, by a signature, and maybe to some of the layers only.
        told = {mode.layer for mode in modes if mode.training}
        inside = {mode.layer for mode in modes} - told
        return finding if inside and ran(run, place) else Verdict.CLEARED
    kinds = str(finding.evidence.get("kinds", "")).split(", ")
    if modes:
        chosen = finding.label != _ALWAYS
        fine = all(mode.training or (mode.explicit and chosen) for mode in modes)
    else:
        fine = WATCHED.issuperset(kinds) and ran(run, place)
    return Verdict.CLEARED if fine else None


FAULT = Fault("GP706", "training-flag-missing", __doc__, find=find, prove=prove, settle=settle)
