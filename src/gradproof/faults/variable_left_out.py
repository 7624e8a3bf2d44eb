"""The list of variables lacks one that the loss uses.

The tape watches the variable and the loss depends on it, but the list given to
`gradient` and to the optimizer does not hold it. It keeps its initial value
while the rest trains around it. Often it belongs to the loss, to a closure, or
to a second network. Nothing warns.

## Bad

```python
temperature = tf.Variable(0.5, name="temperature")


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(temperature * model(x) - y))
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
temperature = tf.Variable(0.5, name="temperature")


def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(temperature * model(x) - y))
    variables = model.trainable_variables + [temperature]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Add the variable to the list, let a layer own it, or say that it is fixed with
`trainable=False`. Unsafe: it decides what trains.

## Not this fault

- Several optimizers, or several steps, that share the variables among them.
- A list that is picked by a name, `"bias" in v.name`, where some variable is called so.
- A frozen part: `trainable=False`, a `stop_gradient`, a tape that does not watch
  by itself.
- Fine-tuning of a head: the list names one part of the model on purpose, or what is
  left out came with a SavedModel, trained before.
- `untracked-variable` and `untracked-in-container`: the model itself does not
  know the variable.

## Sources

- TensorFlow 2.21.0, `GradientTape.watched_variables`: every trainable variable that
  is read under the tape, whether or not a gradient is asked for it.
- Keras 3.15.1, tried: a layer's variable has the name `kernel`, and the layer's own stands in
  `path` alone; in tf-keras 2.21.0 its name is `dense/kernel:0`.
- https://github.com/tensorflow/probability/issues/946
- https://github.com/soumik12345/tf2_gans/pull/15
- https://github.com/keras-team/keras/issues/12503
- https://github.com/keras-team/keras/issues/13106
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Edit, Finding, Fix, listed

if TYPE_CHECKING:
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop, Remark, Spot
    from ..evidence.run import Run
    from ..evidence.variable import Variable


def find(loop: Loop) -> Iterator[Finding]:
    """What the target depends on, and nothing in the file trains."""
    seen: set[Spot] = set()
    for call in loop.gradient_calls:
        # Another loss may depend on it as well: it is left out once.
        made = {owned.made for owned in call.left_out}
        if call.left_out and call.sources not in seen and not made <= seen:
            seen |= {call.sources, *made}
            names = tuple(dict.fromkeys(owned.name for owned in call.left_out if owned.name))
            listing = call.listed or call.sources
            text = listing.text
            asked = call.sources if call.listed is not None else None
            yield Finding(
                f"the target depends on {listed(names) or 'a variable'}, "
                f"which {'are' if len(names) > 1 else 'is'} in no list that is trained",
                place=loop.place(listing),
                label=f"`{text}` lacks {listed(names) or 'it'}" if len(text) < 40 else "lacks them",
                related=loop.related(call.left_out[0].used, "used on the way to the target")
                + loop.related(asked, "asked for here"),
                variables=names,
                fix=Fix(
                    "add its variables to the list, or freeze it if it is meant to stand still",
                    safe=False,
                ),
                level="warning",
            )

    for picked in loop.about("variable-left-out"):
        yield Finding(
            f"no variable of {listed(picked.names) or 'these layers'} passes: in Keras 3 the name "
            "of a layer's variable is `kernel`, `bias` or the like, and the layer's stands in its "
            "`path`",
            place=loop.place(picked.at),
            label="is never true",
            variables=picked.names,
            fix=Fix("ask for its `path`", safe=False, edits=_edits(loop, picked)),
            symptoms=("variables-read-before-build",),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find trainable variables that the target uses and nobody updates."""
    from ..evidence.unlisted import unlisted

    if run.unsettled:
        return
    groups: dict[object, list[Variable]] = {}
    calls: dict[object, GradientCall] = {}
    for variable, call in unlisted(run):
        if variable.tracked is False and variable.holder is not None:
            continue
        groups.setdefault(call.place, []).append(variable)
        calls.setdefault(call.place, call)
    for place, variables in groups.items():
        call = calls[place]
        if not call.sources:
            continue
        names = tuple(variable.path for variable in variables)
        yield Finding(
            f"the target depends on {listed(names)}, which the tape watched; the gradient call "
            f"asks for {len(call.sources)} other variables, and nothing ever changed these",
            place=call.place,
            label=f"leaves out {len(names)} that the target uses",
            variables=names,
            step=call.step + 1,
            evidence={"left_out": len(names), "sources": len(call.sources)},
        )


def _edits(loop: Loop, seen: Remark) -> tuple[Edit, ...]:
    return (Edit(loop.place(seen.edit), seen.edit.text),) if seen.edit is not None else ()


def settle(finding: Finding, run: Run) -> Verdict | None:
    """Clear what the run saw handed over and moving."""
    from ..evidence.unlisted import all_trained

    return Verdict.CLEARED if all_trained(run, finding.variables) else None


FAULT = Fault("GP109", "variable-left-out", __doc__, find=find, prove=prove, settle=settle)
