"""The optimizer is called with arguments that it does not take.

Gradients and variables in two arguments, pairs the wrong way round, a loss tensor
for `minimize`, a tensor where a variable belongs: the exception talks of counts,
of unpacking, or of a missing attribute, not of the cause.

## Bad

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(gradients, model.trainable_variables)
```

## Good

```python
def step(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Safe: `apply_gradients(zip(gradients, variables))`. With Keras 3 also
`apply(gradients, variables)`; `minimize` takes a function, and only in tf-keras.

## Not this fault

- Keras 3 `optimizer.apply(gradients, variables)`: two lists are right there.
- An optimizer class of one's own with another signature.
- `spent-zip` and `variables-read-before-build`: the call is right, the list empty.

## Sources

- Keras 3.15.1, `BaseOptimizer.apply_gradients(grads_and_vars)`: TypeError for a second
  positional argument; there is no `minimize`.
- tf-keras 2.21.0, `_BaseOptimizer.apply_gradients(grads_and_vars, name=None)`: the
  second list is taken for the name, the first fails to unpack.
- https://github.com/tensorflow/tensorflow/issues/31273
- https://github.com/tensorflow/tensorflow/issues/51622
- https://github.com/tensorflow/tensorflow/issues/32478
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix

if TYPE_CHECKING:
    from ..evidence.loop import ApplyCall, Loop
    from ..evidence.run import Run

WORDS = {
    "two lists": "gradients and variables are given as two lists, not as pairs",
    "swapped": "the pairs are (variable, gradient), not (gradient, variable)",
    "not pairs": "what is given are no (gradient, variable) pairs",
    "pairs apart": "`apply` takes gradients and variables as two lists, not as pairs",
    "arrays": "arrays stand where the variables belong",
    "loss": "`minimize` is given a loss that is computed already, and no tape",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Calls of an optimizer in a form that it does not take."""
    for call in loop.apply_calls:
        message = _MESSAGES.get(call.form)
        if message is None:
            continue
        yield Finding(
            message,
            place=loop.place(call.at),
            label=_LABELS.get(call.form, call.form),
            variables=call.applied_to,
            fix=_fix(loop, call),
        )


_MESSAGES = {
    "two arguments": "`apply_gradients` takes one list of pairs, not gradients and variables apart",
    "no pairs": "`apply_gradients` takes pairs of gradient and variable, not gradients alone",
    "swapped": "the pairs are (variable, gradient); the gradient has to come first",
    "lists in lists": "the lists stand in lists of one: one pair of two lists is zipped",
    "pair of lists": "a pair of lists is handed over where a list of pairs is needed",
    "lone pair": "one pair is handed over where a list of pairs is needed",
    "arrays": "the gradients are paired with arrays, copies of the values; variables belong there",
    "pairs apart": "`apply` takes gradients and variables as two lists, not as pairs",
    "rows": (
        "`zip` takes one gradient apart into its rows: the variable meets its first row only, "
        "which is refused, or spread over all of it"
    ),
    "tensor loss": "`minimize` is given a tensor; it needs a function, or a tape",
    "no minimize": "optimizers of Keras 3 have no `minimize`",
}
_LABELS = {
    "pairs apart": "given pairs",
    "rows": "one gradient, not a list",
    "tensor loss": "given a tensor",
    "no minimize": "not there in Keras 3",
}


def _fix(loop: Loop, call: ApplyCall) -> Fix:
    if call.form == "two arguments" and call.gradients is not None and call.variables is not None:
        inner = f"zip({call.gradients.text}, {call.variables.text})"
        head = f"{call.optimizer}.{call.method}"
        if call.at.text.startswith(head + "("):
            return Fix(
                "zip them", safe=True, edits=(Edit(loop.place(call.at), f"{head}({inner})"),)
            )
        return Fix("zip them", safe=True)
    if (
        call.form == "swapped"
        and call.gradients is not None
        and call.variables is not None
        and call.zipped
    ):
        text = f"zip({call.variables.text}, {call.gradients.text})"
        return Fix("gradients first", safe=True, edits=(Edit(loop.place(call.zipped), text),))
    if call.form == "pairs apart" and call.zipped is not None:
        given = call.gradients, call.variables
        lists = ", ".join(column.text for column in given if column is not None)
        return Fix("unzip them", safe=True, edits=(Edit(loop.place(call.zipped), lists),))
    if call.form == "rows" and call.gradients is not None:
        return Fix(f"zip `[{call.gradients.text}]`, or take the gradient for a list", safe=False)
    if call.form == "tensor loss" and call.argument is not None:
        return Fix(f"`lambda: ...` that computes `{call.argument.text}`, or a tape", safe=False)
    if call.form == "lists in lists" and call.zipped is not None:
        columns = [column for column in (call.gradients, call.variables) if column is not None]
        if len(columns) == 2 and all(column.text.startswith("[") for column in columns):
            text = f"zip({', '.join(column.text[1:-1] for column in columns)})"
            edits = (Edit(loop.place(call.zipped), text),)
            return Fix("zip the lists themselves", safe=True, edits=edits)
    return Fix("`apply_gradients(zip(gradients, variables))`", safe=False)


def prove(run: Run) -> Iterator[Finding]:
    """Find calls of an optimizer that could not be understood and raised."""
    for apply in run.applies:
        words = WORDS.get(apply.given)
        if words is None or apply.error is None:
            continue
        names = tuple(run.path(pair.variable) for pair in apply.pairs if pair.variable is not None)
        if not names:
            call = run.asked_for(apply)
            names = tuple(source.name for source in call.sources) if call is not None else ()
        yield Finding(
            f"{words}; `{apply.by}` answered with {apply.error.splitlines()[0][:120]}",
            place=apply.place,
            label=words,
            variables=tuple(name for name in names if name),
            step=1,
        )


FAULT = Fault(
    "GP406",
    "optimizer-call-misuse",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("mispaired-gradients",),
)
