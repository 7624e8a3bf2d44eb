"""A target network is the online one, or never follows it.

Two names for one network are no copy: the target moves with every step. A soft
update that mixes the target with itself leaves it where it was; one that writes to the
online network undoes what that has learned.
`clone_model` copies no weights, and an average that starts at zero is too small at first.

## Bad

<!-- mode: eager -->
```python
def step(encoder, decoder, optimizer, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - decoder(x)))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    for target, online in zip(decoder.variables, encoder.variables):
        target.assign(0.9 * target + 0.1 * target)
```

## Good

<!-- mode: eager -->
```python
def step(encoder, decoder, optimizer, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(encoder(x) - decoder(x)))
    gradients = tape.gradient(loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
    for target, online in zip(decoder.variables, encoder.variables):
        target.assign(0.9 * target + 0.1 * online)
```

## Fix

Clone the network, copy its weights once, and mix in the online weights.

## Not this fault

- Weight decay: a variable that is multiplied by a factor.
- Two names for one network where none is meant to stay behind.

## Sources

- Keras 3.15.1 and tf-keras 2.21.0, tried: `clone_model` makes a copy, without the weights.
- https://github.com/ageron/handson-ml2/issues/89
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..fault import Fault, Verdict
from ..finding import Finding, Fix, Place, listed

if TYPE_CHECKING:
    from ..evidence.copies import Copy
    from ..evidence.loop import Loop
    from ..evidence.mixing import Undone
    from ..evidence.run import Run

_WORDS = {
    "alias": "two names for one network: the target is no copy, it moves with every step",
    "shared": (
        "both models are made of the same layers: they share every weight, and the target moves "
        "with every step"
    ),
    "mixed": "the soft update mixes the target with itself: it never follows the other network",
    "its own": "the network is given its own weights: it follows no other one",
    "left": (
        "the weights of the two networks are mixed, and the copy is never given the mixture: it "
        "stays as it was"
    ),
    "pulled back": (
        "the copy is mixed into the network that is trained, and nothing changes the copy: what is "
        "learned is undone at every step"
    ),
    "hasty": (
        "the target keeps next to nothing of itself: the two shares of the soft update are mixed "
        "up, and it follows the other network at once"
    ),
    "written back": (
        "the average is written over the weights between two epochs, and training goes on from "
        "there: most of what the last steps learned is thrown away"
    ),
    "from zero": (
        "the average of the weights starts at zero, and is used as it is: it is too small by "
        "all that it has not seen yet"
    ),
    "never copied": (
        "`clone_model` gives the copy first weights of its own, and nothing gives it those of the "
        "network that is trained: it never follows"
    ),
}
_LABELS = {
    "alias": "no copy",
    "shared": "no copy",
    "mixed": "mixed with itself",
    "its own": "changes nothing",
    "left": "goes nowhere",
    "pulled back": "writes to the trained network",
    "hasty": "keeps little of itself",
    "written back": "overwrites what was trained",
    "from zero": "starts at zero",
    "never copied": "other weights",
}
_MENDS = {
    "shared": "build the layers anew for it, or clone the model, and copy the weights",
    "its own": "give it the weights of the network that is trained",
    "left": "give it to the copy: `copy.set_weights(mixed)`",
    "pulled back": "assign to the copy, not to the network that is trained",
    "hasty": "give the small share to the other network: `tau * s + (1 - tau) * t`",
    "written back": "write it when training ends, or put the trained weights back after evaluation",
    "from zero": "start from the weights, or divide by `1 - decay**count`",
    "never copied": "copy the weights, now and then again: "
    "`copy.set_weights(network.get_weights())`",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Target networks that are no copies, or are never updated."""
    for seen in loop.about("target-copy-wrong"):
        yield Finding(
            _WORDS[seen.words],
            place=loop.place(seen.at),
            label=_LABELS[seen.words],
            level="warning" if seen.words in ("written back", "hasty") else None,
            related=loop.others_of(seen),
            fix=Fix(
                _MENDS.get(
                    seen.words, "clone the network, and mix in the weights of the other one"
                ),
                safe=False,
            ),
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find soft updates that give variables their own values back."""
    from ..evidence.mixing import kept_share, mixed_with_itself

    places: dict[Place | None, dict[str, float]] = {}
    for apply in run.applies:
        share = kept_share(run, apply) if apply.by_hand and apply.pairs else None
        if share is None:
            continue
        (pair, *_) = apply.pairs
        if pair.variable in run.optimized and not mixed_with_itself(run, apply):
            continue
        places.setdefault(apply.place, {})[pair.name] = share
    for place, shares in places.items():
        own = "its own value" if len(shares) == 1 else "their own values"
        yield Finding(
            f"{listed(shares)} got {next(iter(shares.values())):.6g} times {own} and "
            "nothing of another network: the target stays where it was",
            place=place,
            label="mixed with itself",
            variables=tuple(shares),
            evidence={"own_share": next(iter(shares.values()))},
            fix=Fix("mix in the weights of the online network", safe=False),
        )
    yield from _undone(run)
    yield from _copied(run)
    yield from _sharing(run)


def _copied(run: Run) -> Iterator[Finding]:
    """Find copies of whole networks that go to themselves, or the wrong way."""
    from ..evidence.mixing import backwards

    places: dict[Place, list[Copy]] = {}
    for copy in run.copies if run.counted > 1 else ():
        places.setdefault(copy.place, []).append(copy)
    for place, found in places.items():
        if all(copy.own > 1 and copy.own == copy.times for copy in found):
            names = tuple(dict.fromkeys(copy.name for copy in found))
            yield Finding(
                f"{listed(names)} got the own weights {found[0].times} times: the target is no "
                "copy, it moves with every step",
                place=place,
                label="copies its own weights",
                variables=names,
                step=2,
                evidence={"copies": found[0].times},
                fix=Fix("make the target a network of its own", safe=False),
            )
    for copy in backwards(run):
        names = tuple(run.path(key) for key in copy.variables)
        yield Finding(
            f"`{copy.name}` is trained, and was given the weights of another network {copy.times} "
            "times, which nothing updates: what was learned is thrown away",
            place=copy.place,
            label="goes the wrong way",
            variables=names,
            evidence={"copies": copy.times},
            fix=Fix("give the weights of the trained network to its target", safe=False),
        )


def _sharing(run: Run) -> Iterator[Finding]:
    """Find targets that have some of their layers from the trained network itself."""
    for copy in run.copies if run.counted > 1 else ():
        own = set(copy.variables).difference(copy.source)
        shared = [key for key in copy.variables if key in copy.source and key in run.optimized]
        # Where its own layers train, too, it is no target, but a sibling.
        if shared and own and own.isdisjoint(run.optimized):
            names = tuple(run.path(key) for key in shared)
            yield Finding(
                f"`{copy.name}` was given the weights of a network with which it shares "
                f"{listed(names)}: these move with every step, the rest stays behind",
                place=copy.place,
                label="shares variables with what it is a copy of",
                variables=names,
                step=1,
                evidence={"shared": len(shared), "variables": len(copy.variables)},
                fix=Fix("make the target of layers of its own", safe=False),
            )


def _undone(run: Run) -> Iterator[Finding]:
    """Find soft updates that write to the network that is trained."""
    from ..evidence.mixing import undone

    places: dict[Place | None, list[Undone]] = {}
    for one in undone(run):
        places.setdefault(one.apply.place, []).append(one)
    for place, found in places.items():
        names = tuple(dict.fromkeys(run.path(one.variable) for one in found))
        first = found[0]
        yield Finding(
            f"`{names[0]}` is trained, and then set to {first.own:.3g} of itself and "
            f"{1 - first.own:.3g} of `{run.path(first.other)}`, which nothing changes: what was "
            f"learned is undone; so for {len(names)} variables",
            place=place,
            label="writes to the trained network",
            variables=names,
            step=1,
            evidence={"own_share": first.own, "variables": len(names)},
            fix=Fix("assign to the copy, not to the network that is trained", safe=False),
        )


def settle(finding: Finding, run: Run) -> Finding | Verdict | None:
    """A network that is given its own weights again and again has two names."""
    if finding.label != "no copy":
        return None
    own = [copy for copy in run.copies if copy.own > 1 and copy.own == copy.times]
    if not own or run.counted < 2:
        return None
    return replace(
        finding,
        message=f"{finding.message}; line {own[0].place.line} gave `{own[0].name}` its own "
        f"weights {own[0].times} times",
    )


FAULT = Fault("GP707", "target-copy-wrong", __doc__, find=find, prove=prove, settle=settle)
