"""Adding up the parts of a large batch loses or repeats some.

Losses of closed tapes can be added up, but the last tape knows only the last part. And a
buffer of gradients that is not emptied after it was applied brings all earlier
gradients into each later update; one to which gradients are assigned, not added, holds
the last part only. A sum of gradients of means, not divided, makes plain SGD step too far.

## Bad

```python
def step(model, optimizer, x, y):
    loss = 0.0
    for start in (0, 4):
        with tf.GradientTape() as tape:
            error = model(x[start : start + 4]) - y[start : start + 4]
            loss += tf.reduce_mean(tf.square(error)) / 2.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
def step(model, optimizer, x, y):
    loss = 0.0
    with tf.GradientTape() as tape:
        for start in (0, 4):
            error = model(x[start : start + 4]) - y[start : start + 4]
            loss += tf.reduce_mean(tf.square(error)) / 2.0
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Put the loop inside the tape; or ask each tape for its gradients, add these up in
variables, and assign zeros after they are applied.

## Not this fault

- A running total of losses that is only printed.
- Momentum: a buffer that is decayed in each step.
- A buffer that keeps the last gradient, and that nothing empties.
- A truncated sequence, where the state of an earlier tape goes on as a constant.

## Sources

- Tried with TensorFlow 2.21.0: a tape differentiates what it recorded itself.
- https://github.com/tensorflow/tensorflow/issues/55478
- https://github.com/tensorflow/addons/pull/2525
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Related, listed, second_places

if TYPE_CHECKING:
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_WORDS = {
    "closed": (
        (
            "losses of several tapes are added up here, and only the last tape is asked: the "
            "update comes from the last part alone"
        ),
        "earlier parts are constants",
        "put the loop inside the tape",
    ),
    "last": (
        (
            "each round of a loop opens a tape of its own, and only the last one is asked, after "
            "the loop: what the other rounds computed is lost"
        ),
        "the last round alone",
        "take the gradients in the loop, or open one tape around it",
    ),
    "rounds": (
        (
            "each round of a loop takes gradients, and only those of the last round are applied, "
            "behind it: what the others gave is lost"
        ),
        "of the last round alone",
        "add them up in the loop",
    ),
    "overwritten": (
        (
            "each round of a loop under the tape gives a loss of its own, and the tape is asked "
            "for that of the last round: the others move nothing"
        ),
        "the last round's alone",
        "add the losses up in the loop",
    ),
    "never reset": (
        (
            "gradients are added to these buffers and applied, and nothing empties them: each "
            "update contains all earlier gradients again"
        ),
        "never emptied",
        "assign zeros to the buffers after they are applied",
    ),
    "begun each round": (
        (
            "the sums begin with zeros in each round of the loop that adds to them: what is "
            "applied is the gradient of one round alone"
        ),
        "begins anew in each round",
        "begin with zeros before the loop",
    ),
    "not divided": (
        (
            "gradients of means over the parts are added up and applied undivided: with this "
            "optimizer each step is as many times too large as there are parts"
        ),
        "not divided",
        "divide the sums by the number of parts",
    ),
    "divided twice": (
        (
            "these gradients are of a loss that was divided by the number of parts, and are "
            "divided by it again: each step is as many times too small as there are parts"
        ),
        "divides once more",
        "divide the loss, or the sums",
    ),
    "thrown away": (
        (
            "the sums are divided here, and nobody gets the quotient: the optimizer is given them "
            "as they were"
        ),
        "goes nowhere",
        "assign the quotient to the buffer, or hand it over",
    ),
    "unread": (
        (
            "gradients are added up here, and nothing reads the sums: the optimizer is given those "
            "of the last part"
        ),
        "nothing reads these sums",
        "hand the sums to the optimizer",
    ),
    "anew": (
        (
            "these sums begin with zeros for each part, so that an update is made of the last part "
            "alone"
        ),
        "added to new zeros",
        "make the zeros before the loop over the parts",
    ),
    "one number": (
        (
            "the mean, or the sum, is taken over all elements of the gradients: each variable gets "
            "one number in place of a gradient of its shape"
        ),
        "one number",
        "reduce over the parts alone: `axis=0`",
    ),
    "replaced": (
        (
            "these buffers are emptied after they are applied, as sums are, but each gradient is "
            "assigned in place of the one before: only the last part counts"
        ),
        "replaces what was there",
        "add the gradient: `assign_add`",
    ),
    "kept": (
        (
            "these buffers take a gradient in each round and are applied once in several rounds: "
            "each gradient takes the place of the one before, and only the last part counts"
        ),
        "replaces what was there",
        "add the gradient: `assign_add`, and assign zeros after the update",
    ),
}


def find(loop: Loop) -> Iterator[Finding]:
    """Sums over closed tapes, and buffers that are never emptied."""
    for seen in loop.about("wrong-accumulation"):
        words, label, mend = _WORDS[seen.words]
        yield Finding(
            words,
            place=loop.place(seen.at),
            label=label,
            related=loop.others_of(seen),
            variables=seen.names,
            level="warning" if seen.words in ("not divided", "divided twice") else None,
            fix=Fix(mend, safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Targets that belong to several tapes, sums that begin anew or never."""
    yield from _split(run)
    yield from _anew(run)
    yield from _never_reset(run)
    yield from _going_on(run)
    yield from _replaced(run)


def _split(run: Run) -> Iterator[Finding]:
    """Targets that add up what several tapes recorded."""
    from ..evidence.split_losses import split_targets

    told: set[object] = set()
    for parts in split_targets(run):
        call, tape = parts.call, run.tape(parts.call.tape)
        if call.place in told:
            continue
        told.add(call.place)
        names = tuple(source.name for source in call.sources if source.variable is not None)
        yield Finding(
            f"the loss that is differentiated adds up parts that {parts.count} tapes recorded, and "
            "the tape that is asked knows the last part only",
            place=parts.earlier[0].place,
            label="parts of closed tapes are constants",
            related=tuple(
                Related(place, words)
                for place, words in ((tape.place, "one tape a part"), (call.place, "asked here"))
                if place is not None and place != parts.earlier[0].place
            ),
            variables=names,
            step=1,
            evidence={"parts": parts.count},
            fix=Fix(_WORDS["closed"][2], safe=False),
        )


def _anew(run: Run) -> Iterator[Finding]:
    """Sums that begin with new zeros for each part."""
    from ..evidence.accumulating import begun_anew

    for anew in begun_anew(run):
        names = tuple(run.path(key) for key in anew.call.reached)
        yield Finding(
            f"gradients of {listed(names)} were taken {anew.call.times} times for {anew.updates} "
            "updates, and each was added to zeros made anew: only the last part counts",
            place=anew.sums[0].place or anew.call.place,
            label=_WORDS["anew"][1],
            related=second_places((anew.call.place, "taken here")),
            variables=names,
            step=1,
            evidence={"calls": anew.call.times, "updates": anew.updates},
            fix=Fix(_WORDS["anew"][2], safe=False),
        )


def _never_reset(run: Run) -> Iterator[Finding]:
    """Buffers that are only added to."""
    from ..evidence.buffers import hoards

    for hoard in hoards(run):
        buffers = [run.path(key) for key in hoard.buffers]
        yield Finding(
            f"{listed(buffers)} were handed over {hoard.steps} times; whatever was assigned to "
            "them added to what was there: each update contains all earlier gradients again",
            place=hoard.apply.place,
            label=_WORDS["never reset"][1],
            related=second_places((hoard.added, "added to here")),
            variables=tuple(run.path(key) for key in hoard.variables),
            step=2,
            evidence={"updates": hoard.steps, "buffers": len(buffers)},
            fix=Fix(_WORDS["never reset"][2], safe=False),
        )


def _going_on(run: Run) -> Iterator[Finding]:
    """Sums of eager code to which later gradients are added."""
    from ..evidence.accumulating import carried

    for apply, addition in [*carried(run)][:1]:
        yield Finding(
            "the sum that an earlier call was given goes on growing: each update contains all "
            "earlier gradients again",
            place=apply.place,
            label=_WORDS["never reset"][1],
            related=second_places((addition.place, "added to here")),
            variables=tuple(dict.fromkeys(pair.name for pair in apply.pairs if pair.name)),
            step=2,
            fix=Fix("begin each sum with zeros", safe=False),
        )


def _replaced(run: Run) -> Iterator[Finding]:
    """Buffers that take one gradient in place of another."""
    from ..evidence.buffers import replaced

    for hoard in replaced(run):
        buffers = [run.path(key) for key in hoard.buffers]
        how = (
            f"take a gradient {hoard.filled} times, and are applied {hoard.steps} times"
            if hoard.filled
            else "are handed over and set to zero, as sums are"
        )
        yield Finding(
            f"{listed(buffers)} {how}, but nothing adds to them: each gradient takes the place of "
            "the one before, and only the last part counts",
            place=hoard.added,
            label=_WORDS["replaced"][1],
            related=second_places((hoard.apply.place, "applied here")),
            variables=tuple(run.path(key) for key in hoard.variables),
            step=1,
            evidence={"buffers": len(buffers)},
            fix=Fix(_WORDS["kept" if hoard.filled else "replaced"][2], safe=False),
        )


FAULT = Fault(
    "GP506",
    "wrong-accumulation",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("exploding-gradient", "nan-gradient-applied"),
)
