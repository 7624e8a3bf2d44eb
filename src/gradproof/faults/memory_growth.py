"""Memory grows with every step.

A list keeps what each step made: outputs, batches, or a persistent tape with every
operation that it recorded. Nothing of it can be freed.

## Bad

<!-- mode: eager -->
```python
kept = []


def step(model, optimizer, x, y):
    for turn in range(8):
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        kept.append(tape)
```

## Good

<!-- mode: eager -->
```python
kept = []


def step(model, optimizer, x, y):
    for turn in range(8):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        kept.append(float(loss))
```

## Fix

Keep numbers, `float(loss)`, instead of tensors; let each tape go when its gradient is
taken; a buffer gets a limit, `collections.deque(maxlen=...)`.

## Not this fault

- A list of losses: a few bytes a step.
- A buffer that is emptied, or that has a limit.
- A total that is summed up while the tape records.

## Sources

- TensorFlow 2.21.0, `tf.GradientTape`: a persistent tape holds its record until it is
  deleted; tried: one that a loop enters 300 times held 70 MB more at the end, and its gradient
  took four times as long.
- https://github.com/inoryy/tensorflow2-deep-reinforcement-learning/issues/6
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix

if TYPE_CHECKING:
    from ..evidence.hoards import Hoard
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_MUCH = 1_000_000
"""Bytes from which on a list of tensors is worth a word."""

_LONG, _BATCH = 50, 500
"""Steps after which a list that was never emptied is known to be one, and bytes an entry."""

_OFTEN = 0.5
"""Entries a step from which on a list grows with the steps."""


_KEPT = (
    "{} keeps the persistent tape of every step, with all that it recorded",
    "kept for ever",
    "keep numbers instead of tapes",
)
_GRADIENTS = (
    "{} keeps the gradients of every step, each as large as all variables together",
    "kept for ever",
    "keep their norms instead, or set a limit",
)
_WORDS = {
    "again": (
        (
            "this persistent tape was made before the loop: each round is recorded after the "
            "ones before it, and nothing of them is let go"
        ),
        "records on and on",
        "make a tape in each round, or `reset` it",
    ),
    "inside": (
        (
            "a persistent tape is asked for gradients inside its own block: it records "
            "the backward pass as well, which nothing needs"
        ),
        "recorded as well",
        "ask after the `with` block",
    ),
}
"""For each kind of remark: what is seen, the label, and the help."""


def find(loop: Loop) -> Iterator[Finding]:
    """Persistent tapes that a list keeps, that record on and on, or are asked while they record."""
    for seen in loop.about("memory-growth"):
        other = _GRADIENTS if seen.names[:1] == ("gradients",) else _KEPT
        what, label, help = _WORDS.get(seen.words, other)
        yield Finding(
            what.format(seen.words),
            place=loop.place(seen.at),
            label=label,
            related=loop.others_of(seen),
            variables=seen.names[1:],
            fix=Fix(help, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find lists that grew with the steps and keep tensors or tapes."""
    for hoard in run.hoards:
        if hoard.grown < _OFTEN * hoard.over or (hoard.kind == "tensor" and not _large(hoard)):
            continue
        what = "tapes, with all that they recorded" if hoard.kind == "tape" else "tensors"
        size = f" of {hoard.size / 1e6:.3g} MB" if hoard.kind == "tensor" else ""
        yield Finding(
            f"`{hoard.name}` keeps {hoard.entries} {what}{size} after {hoard.steps} steps, and "
            f"grew by {hoard.grown} in the last {hoard.over}",
            place=hoard.place,
            label="kept for ever",
            step=max(1, hoard.steps - hoard.over),
            evidence={"entries": hoard.entries, "bytes": hoard.size},
            fix=Fix("keep numbers instead, or set a limit", safe=False),
        )


def _large(hoard: Hoard) -> bool:
    """It takes much by now, or has kept whole batches from the first step on."""
    since_start = hoard.steps >= _LONG and hoard.entries >= _OFTEN * hoard.steps
    return hoard.size >= (_BATCH * hoard.entries if since_start else _MUCH)


FAULT = Fault("GP803", "memory-growth", __doc__, find=find, prove=prove, level="advice")
