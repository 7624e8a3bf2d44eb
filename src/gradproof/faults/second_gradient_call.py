"""The tape is asked twice, but it answers only once.

A tape drops what it recorded when it is asked for a gradient. The second
question, for the second network or the second loss, stops with `A non-persistent
GradientTape can only be used to compute one set of gradients`.

## Bad

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape() as tape:
        hidden = encoder(x)
        code_loss = tf.reduce_mean(tf.square(hidden - x))
        loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
    gradients = tape.gradient(code_loss, encoder.trainable_variables)
    gradients += tape.gradient(loss, decoder.trainable_variables)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(gradients, variables))
```

## Good

```python
def step(encoder, decoder, optimizer, x, y):
    with tf.GradientTape(persistent=True) as tape:
        hidden = encoder(x)
        code_loss = tf.reduce_mean(tf.square(hidden - x))
        loss = tf.reduce_mean(tf.square(decoder(hidden) - y))
    gradients = tape.gradient(code_loss, encoder.trainable_variables)
    gradients += tape.gradient(loss, decoder.trainable_variables)
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply_gradients(zip(gradients, variables))
```

## Fix

Safe: `tf.GradientTape(persistent=True)`. Two tapes over one forward pass, or one
question with both lists, need less memory.

## Not this fault

- One tape, one question, several lists: `tape.gradient(loss, [first, second])`.
- Two tapes over the same forward pass, each asked once.
- A tape in a loop that is opened anew in each turn.

## Sources

- TensorFlow 2.21.0, `python/eager/backprop.py`, `GradientTape.gradient`: RuntimeError
  if called on a used, non-persistent tape.
- https://github.com/manicman1999/StyleGAN2-Tensorflow-2.0/issues/14
- https://github.com/tensorflow/tensorflow/issues/46487
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix, Related, listed

if TYPE_CHECKING:
    from ..evidence.loop import GradientCall, Loop, Spot
    from ..evidence.run import Run


def find(loop: Loop) -> Iterator[Finding]:
    """Second questions to a tape that answers once."""
    again: dict[Spot, list[GradientCall]] = {}
    for call in loop.gradient_calls:
        calls = again.setdefault(call.tape, [])
        known = {other.at for other in calls}
        if call.asked_before not in (None, call.at) and call.at not in known:
            calls.append(call)
    for tape, calls in again.items():
        if calls:
            yield _finding(loop, tape, calls)


def _finding(loop: Loop, tape: Spot, calls: list[GradientCall]) -> Finding:
    """One for each tape: a persistent one answers all of these calls."""
    first, *more = calls
    return Finding(
        "a tape that is not persistent forgets what it recorded once it was asked: "
        "this second call raises RuntimeError",
        place=loop.place(first.at),
        label="the tape is used up",
        related=(
            *loop.related(first.asked_before, "asked first here"),
            *(there for call in more for there in loop.related(call.at, "asked again here")),
            *loop.related(tape, "not persistent"),
        ),
        variables=tuple(connection.name for connection in first.connections if connection.name),
        fix=_fix(loop, tape),
    )


def _fix(loop: Loop, tape: Spot) -> Fix:
    title = "make the tape persistent"
    head = tape.text[:-1]
    if not tape.text.endswith(")"):
        return Fix(title, safe=False)
    comma = "" if head.endswith("(") else ", "
    return Fix(title, safe=True, edits=(Edit(loop.place(tape), f"{head}{comma}persistent=True)"),))


def prove(run: Run) -> Iterator[Finding]:
    """Find a tape that was asked twice and said so."""
    for call in run.calls:
        if call.error is None or "non-persistent" not in call.error:
            continue
        first = next(
            (other for other in run.calls if other.tape == call.tape and other.key < call.key), None
        )
        names = tuple(source.name for source in call.sources if source.name)
        related = (
            (Related(first.place, "asked here first"),) if first is not None and first.place else ()
        )
        yield Finding(
            f"the tape was asked for gradients a second time, for {listed(names)}; a tape that is "
            f"not persistent lets go of its recording at the first call",
            place=call.place,
            label="second call",
            related=related,
            variables=names,
            step=call.step + 1,
        )


FAULT = Fault("GP213", "second-gradient-call", __doc__, find=find, prove=prove)
