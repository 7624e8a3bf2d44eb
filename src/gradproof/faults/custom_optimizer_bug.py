"""The optimizer's own code does not do what its rule says.

A hand-written optimizer has to store its state, count its steps and write each
variable. One that forgets any of these goes on without a word: momentum starts
from zero at every step, a warm-up or a bias correction stays at its beginning.

## Bad

```python
class Momentum:
    def __init__(self, rate, decay):
        self.rate, self.decay = rate, decay
        self.velocity = {}

    def apply(self, gradients, variables):
        for gradient, variable in zip(gradients, variables):
            velocity = self.velocity.get(variable.ref(), tf.zeros_like(variable))
            velocity = self.decay * velocity + gradient
            variable.assign_sub(self.rate * velocity)


weights = [tf.Variable(tf.ones((4, 4))), tf.Variable(tf.zeros((4,)))]
momentum = Momentum(0.01, 0.9)


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ weights[0] + weights[1] - y))
    momentum.apply(tape.gradient(loss, weights), weights)
```

## Good

```python
class Momentum:
    def __init__(self, rate, decay, variables):
        self.rate, self.decay = rate, decay
        self.velocity = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients, variables):
        for gradient, variable, velocity in zip(gradients, variables, self.velocity):
            velocity.assign(self.decay * velocity + gradient)
            variable.assign_sub(self.rate * velocity)


weights = [tf.Variable(tf.ones((4, 4))), tf.Variable(tf.zeros((4,)))]
momentum = Momentum(0.01, 0.9, weights)


def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ weights[0] + weights[1] - y))
    momentum.apply(tape.gradient(loss, weights), weights)
```

## Fix

Store each state after it is computed (`assign`), advance `iterations` once a step,
write every variable. Try the optimizer on one variable beside a known one.

## Not this fault

- `legacy-custom-optimizer`: hooks of another generation that nobody calls.
- `python-state-frozen-at-trace`: state kept in Python that a trace has frozen.
- Plain gradient descent, which has no state.

## Sources

- TensorFlow 2.21.0, Keras 3.15.1 and tf-keras 2.21.0, tried: `iterations` advances in the
  base class's `apply` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Finding, Fix, Place, Related, listed, second_places

if TYPE_CHECKING:
    from ..evidence.applies import Pair
    from ..evidence.loop import Loop
    from ..evidence.own_rules import Misrule
    from ..evidence.run import Run
    from ..evidence.updating import Idle

_LABELS = {
    "zeros": "starts from zero each time",
    "slot": "never written",
    "counter": "never advances",
    "exponent": "never advances",
}

_FIXES = {
    "zeros": "store the new state where the next step reads it",
    "slot": "assign the new state to its variable",
    "counter": "advance the counter once a step",
    "exponent": "advance the counter once a step",
}

_SEEN = {
    "counter": (
        "reads {name} and replaces the method that advances it: it stays at its first value",
        "never advances",
    ),
    "state": (
        "reads {name} and never stores a new value in it: each step starts from the first one",
        "read, never stored",
    ),
    "update": ("computes an update of {name} and assigns it to nothing", "assigns nothing"),
    "anew": (
        "makes {name} zero in each of its rounds: the state that is decayed is always empty",
        "begins anew at each step",
    ),
    "stuck": (
        "takes a power of {name}, the same at each call: the correction of its moments never fades",
        "the same at each call",
    ),
    "at 0": (
        "of the moments takes a power of {name}, which is 0 at the first step: it divides by zero",
        "1 less 1 at the first step",
    ),
    "guard": (
        "hands gradients on only when one of them is not finite",
        "the wrong way round",
    ),
    "early": (
        "divides by the root of {name} before it takes the gradient in: at the first step it is 0",
        "0 at the first step",
    ),
    "replaced": (
        "puts the last square in {name}, and divides by its root: changes are as large as the rate",
        "replaces what was there",
    ),
    "corrected": (
        "stores {name} with its correction for the first steps in it: each step corrects it again",
        "corrected before it is stored",
    ),
    "named": (
        "keeps a state by {name}, which variables of several layers have in Keras 3: they share it",
        "a name that layers share",
    ),
    "handed": ("takes the gradients in {name} and gives them to nobody", "hands nothing on"),
}

_MENDS = {
    "handed": "end with `return super().{name}(...)`",
    "at 0": "count the steps from 1",
    "replaced": "add to what is there, or mix the new square with it",
    "corrected": "give the corrected moment a name of its own, and store the other one",
}


def find(loop: Loop) -> Iterator[Finding]:
    """Classes that update variables and forget part of their state."""
    for seen in loop.about("custom-optimizer-bug"):
        words, label = _SEEN[seen.words]
        owner, name = seen.names
        fix = _MENDS.get(seen.words, "store the new value where the next step reads it")
        yield Finding(
            (owner if " " in owner else f"`{owner}`") + " " + words.format(name=f"`{name}`"),
            place=loop.place(seen.at),
            label=label,
            related=loop.others_of(seen),
            fix=Fix(fix.format(name=name), safe=False),
        )


def prove(run: Run) -> Iterator[Finding]:
    """State that the rule reads, and that no step ever changes."""
    from ..evidence.own_rules import misrules, rule_place
    from ..evidence.updating import idle_state

    groups: dict[tuple[object, ...], list[Idle]] = {}
    for idle in idle_state(run):
        counts = idle.kind in ("counter", "exponent")
        # A counter may wait for the end of an epoch.
        if not counts or run.finished or _of_optimizer(run, idle):
            where = idle.variable if counts else idle.operation.place
            groups.setdefault((idle.kind, where), []).append(idle)
    for (kind, _), found in groups.items():
        first = found[0]
        pairs = [pair for idle in found for pair in idle.apply.pairs]
        names = tuple(dict.fromkeys(run.path(p.variable) for p in pairs if p.variable is not None))
        state = run.path(first.variable) if first.variable is not None else ""
        words = {
            "zeros": "the state that is decayed and added to the gradient is zeros made anew",
            "slot": f"`{state}` is decayed and added to the gradient, but nothing writes it",
            "counter": f"the update depends on `{state}`, which is still 0: nothing advances it",
            "exponent": f"the update takes a power of `{state}`, and nothing advances that count",
        }[str(kind)]
        place = first.operation.place or rule_place(run, first.apply)
        yield Finding(
            f"after {_times(run, found)} updates of {listed(names)} {words}",
            place=place,
            label=_LABELS[str(kind)],
            related=tuple(
                Related(idle.apply.place, "the update that is computed from it")
                for idle in found[:1]
                if idle.apply.place is not None and idle.apply.place != place
            ),
            variables=names,
            step=2,
            evidence={"updates": _times(run, found)},
            fix=Fix(_FIXES[str(kind)], safe=False),
        )
    for misrule in misrules(run):
        if misrule.kind != "uphill":
            yield _told(run, misrule)
    yield from _swallowed(run)
    yield from _raised(run)


def _swallowed(run: Run) -> Iterator[Finding]:
    """A class that takes the gradients in place of Keras's, and never hands them on."""
    from ..evidence.own_rules import swallows

    if run.early or run.crash is not None or not run.finished:
        return
    for optimizer in run.optimizers:
        for call in run.calls:
            left = [key for key in call.reached if key not in run.updated]
            left = [key for key in left if run.variable(key).trainable]
            if not left or call.inner or call.times < 2 or call.error is not None:
                continue
            if not swallows(run, optimizer, call):
                continue
            names = tuple(run.path(key) for key in left)
            yield Finding(
                f"the gradients of {listed(names)} were computed {call.times} times and given to "
                f"`{optimizer.name}`, whose own method never handed them on: nothing moved",
                place=optimizer.applied_at,
                label="hands nothing on",
                related=second_places((call.place, "computed here")),
                variables=names,
                step=1,
                evidence={"calls": call.times},
                fix=Fix("see on which way `super()` is called; try it on one variable", safe=False),
            )
            break


def _raised(run: Run) -> Iterator[Finding]:
    """A rule of the user's that ended the program before it had made a step."""
    crash = run.crash
    if crash is None or not crash.places:
        return
    for optimizer in run.optimizers:
        applies = [apply for apply in run.applies if apply.optimizer == optimizer.key]
        rule = optimizer.rule_at
        inside = [place for place in crash.places if rule is not None and _within(place, rule)]
        if not inside or any(run.steps_of(apply.key) for apply in applies):
            continue
        given = [pair for apply in applies for pair in apply.pairs]
        # What was handed over wrongly is no fault of the rule.
        if any(pair.given != "gradient" or _of_another(pair) for pair in given):
            continue
        said = [line.strip() for line in crash.message.splitlines() if line.strip()]
        yield Finding(
            f"`{optimizer.name}` raised {crash.kind} at its first step: {said[-1] if said else ''}",
            place=inside[-1],
            label="raises here",
            related=second_places((optimizer.made_at, "made here")),
            variables=tuple(pair.name for pair in given if pair.name),
            step=1,
            fix=Fix("try the rule on one variable beside an optimizer of Keras", safe=False),
        )


def _within(place: Place, rule: Place) -> bool:
    """A line of an exception, whose file may be named in full, is one of a rule's."""
    from ..evidence.crashes import file_name

    return file_name(place) == file_name(rule) and place.span.overlaps(rule.span)


def _of_another(pair: Pair) -> bool:
    return bool(pair.taken_for) and pair.variable not in (pair.taken_for or ())


def _told(run: Run, misrule: Misrule) -> Finding:
    """What the rule of an optimizer class of the user's did."""
    from ..evidence.own_rules import own_place

    names = tuple(run.path(key) for key in misrule.variables)
    by = misrule.apply.by
    words, label = {
        "still": (
            (
                f"{listed(names)} got gradients at {misrule.steps} steps, and `{by}` left them "
                "where they were"
            ),
            "computes an update and does not write it",
        ),
        "idle": (
            (
                f"`{misrule.slot}` of `{by}` is still all zeros after {misrule.steps} steps with "
                "gradients: it is made, and nothing is stored in it"
            ),
            "never stores it",
        ),
        "not finite": (
            (
                f"at step {misrule.step} `{by}` made the change of {listed(names)} infinite or "
                "NaN, from a gradient and a value that are finite"
            ),
            "divides by zero" if misrule.edge or not misrule.apply.by_hand else "not finite",
        ),
    }[misrule.kind]
    place = misrule.edge or own_place(run, misrule.apply)
    return Finding(
        words,
        place=place,
        label=label,
        related=second_places((misrule.apply.place, "gradients are handed over here"), but=place),
        variables=names,
        step=misrule.step,
        evidence={"steps": misrule.steps},
        fix=Fix(
            "count the steps from 1: `1 - decay ** 0` is 0"
            if misrule.edge
            else "try the rule on one variable beside an optimizer of Keras",
            safe=False,
        ),
        symptoms=("nan-gradient-applied",),
    )


def _of_optimizer(run: Run, idle: Idle) -> bool:
    return idle.variable is not None and run.variable(idle.variable).role == "optimizer"


def _times(run: Run, found: list[Idle]) -> int:
    """Updates of one variable, as far as they were counted."""
    measured = [step.index for idle in found for step in run.steps_of(idle.apply.key)]
    return max(measured, default=2)


FAULT = Fault(
    "GP411",
    "custom-optimizer-bug",
    __doc__,
    find=find,
    prove=prove,
    symptoms=(
        "gradients-never-applied",
        "learning-rate-zero",
        "iterations-counter-off",
        "python-state-frozen-at-trace",
        "nan-gradient-applied",
        "exploding-gradient",
    ),
)
