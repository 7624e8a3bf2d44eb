"""The update climbs the loss instead of descending it.

`assign_add(rate * gradient)`, or an objective with the wrong sign, moves each
variable along its gradient. The loss grows from step to step until it is
infinite. Nothing warns. A generator that asks its critic for what the critic asks
for itself (zeros for what is made, say) is the same fault in a game of two.

## Bad

```python
def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for gradient, variable in zip(gradients, model.trainable_variables):
        variable.assign_add(0.1 * gradient)
```

## Good

```python
def step(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    for gradient, variable in zip(gradients, model.trainable_variables):
        variable.assign_sub(0.1 * gradient)
```

## Fix

`assign_sub`; a minus sign before an objective that should grow, such as a log-likelihood
or a log-probability times an advantage. Unsafe: ascent may be what was meant.

## Not this fault

- Ascent on purpose: adversarial examples, a maximised reward or likelihood, the
  inner step of a minimax game.
- A generator and a critic whose judgements are pushed in opposite ways.
- `assign_add(-rate * gradient)`: descent.
- A log-probability times a cost: what costs should become rarer.
- A loss that rises for a few steps because the learning rate is large.

## Sources

- TensorFlow 2.21.0, `Variable.assign_add` and `assign_sub`: add and subtract in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..fault import Fault
from ..finding import Edit, Finding, Fix, listed, second_places

if TYPE_CHECKING:
    from ..evidence.applies import Apply
    from ..evidence.gradients import GradientCall
    from ..evidence.loop import Loop
    from ..evidence.run import Run

_OBJECTIVES = {
    "gain": (
        "log-probabilities times what the actions gained are minimised: the optimizer makes those "
        "actions rarer that pay"
    ),
    "likelihood": (
        "a log-likelihood is minimised: the optimizer makes the data that it is given less likely"
    ),
    "likeness": (
        "this loss of Keras is -1 where target and prediction are alike: minimising its negative "
        "drives them apart"
    ),
    "error": (
        "the negative of an error is minimised: the optimizer makes the error larger, without bound"
    ),
}


def find(loop: Loop) -> Iterator[Finding]:
    """Steps that go up the loss."""
    downhill = {update.variable for update in loop.hand_updates if not update.uphill}
    for update in loop.hand_updates:
        if not update.uphill or update.variable in downhill:
            continue
        fix = Fix("subtract the gradient", safe=False)
        if update.method in ("assign_add", "assign_sub"):
            other = "assign_sub" if update.method == "assign_add" else "assign_add"
            fix = Fix(fix.title, safe=False, edits=(Edit(loop.place(update.name), other),))
        yield Finding(
            f"`{update.method}` moves `{update.variable}` along the gradient of the loss: "
            "the loss grows",
            place=loop.place(update.name),
            label="up the gradient",
            variables=(update.variable,),
            fix=fix,
        )
    for call in loop.apply_calls:
        if call.ascent is not None:
            yield Finding(
                "the gradients of the loss are handed over with the sign turned: the loss grows",
                place=loop.place(call.ascent),
                label="turned around",
                variables=call.applied_to,
                fix=Fix("hand over the gradients as they are", safe=False),
            )
    for seen in loop.about("wrong-sign-update"):
        if seen.words == "rule":
            yield Finding(
                "the rule of this optimizer adds the gradient to the variable: the loss grows",
                place=loop.place(seen.at),
                label="up the gradient",
                related=loop.others_of(seen),
                fix=Fix("subtract it", safe=False),
            )
            continue
        error = seen.words == "error"
        yield Finding(
            _OBJECTIVES[seen.words],
            place=loop.place(seen.at),
            label="made larger" if error else "should grow, and is minimised",
            related=loop.others_of(seen),
            fix=Fix("minimise it as it is" if error else "put a minus sign before it", safe=False),
            level="warning",
            title=None if error else "an objective that should grow is minimised",
        )


def prove(run: Run) -> Iterator[Finding]:
    """Find variables that climb an error, changed by hand or by a rule of the user's."""
    yield from _by_rule(run)
    yield from _helping(run)
    yield from _turned(run)
    yield from _by_hand(run)
    yield from _turned_by_hand(run)


def _by_rule(run: Run) -> Iterator[Finding]:
    """An optimizer of the user's adds the gradient."""
    from ..evidence.own_rules import misrules, rule_place

    for misrule in misrules(run):
        if misrule.kind == "uphill":
            place = rule_place(run, misrule.apply)
            yield Finding(
                f"`{misrule.apply.by}` moves {listed(run.path(key) for key in misrule.variables)} "
                f"along the gradient, not against it, and the loss grew in {misrule.steps} steps",
                place=place,
                label="adds the gradient",
                related=second_places(
                    (misrule.apply.place, "gradients are handed over here"), but=place
                ),
                variables=tuple(run.path(key) for key in misrule.variables),
                step=misrule.step,
                evidence={"steps": misrule.steps},
                fix=Fix("subtract the gradient", safe=False),
            )


def _by_hand(run: Run) -> Iterator[Finding]:
    """The first changes by hand that add the gradient of an error which grows."""
    # What an optimizer moves and the program then sets otherwise may well go back a little.
    for call in run.calls:
        applies = [
            apply
            for apply in run.applies
            if apply.call == call.key
            and run.optimized.isdisjoint(pair.variable for pair in apply.pairs)
        ]
        climbing = [apply for apply in applies if _climbs(run, apply)]
        keys = {pair.variable for apply in climbing for pair in apply.pairs}
        # Who moves an input or a multiplier up on purpose leaves other
        # variables of the same target alone, or moves them down.
        if not climbing or not run.tape(call.tape).watched <= keys or not _error(run, call):
            continue
        if _asks_still_weights(run, call):
            continue
        losses = [step.loss for step in run.steps_of(climbing[0].key) if step.loss is not None]
        if len(losses) < 2 or min(losses) < 0.0 or losses[-1] <= losses[0]:
            continue
        names = tuple(run.path(key) for key in sorted(key for key in keys if key is not None))
        others = dict.fromkeys(apply.place for apply in climbing[1:])
        yield Finding(
            f"{listed(names)} moved along the gradient, not against it, for {len(losses)} "
            f"measured steps, and the loss grew from {losses[0]:.4g} to {losses[-1]:.4g}",
            place=climbing[0].place,
            label="adds the gradient",
            related=second_places(
                *((place, "and here") for place in others), but=climbing[0].place
            ),
            variables=names,
            step=1,
            evidence={"first_loss": losses[0], "last_loss": losses[-1], "steps": len(losses)},
        )
        return


def _asks_still_weights(run: Run, call: GradientCall) -> bool:
    """A frozen model takes part in the target: what climbs may be an input that is to fool it."""
    from ..evidence.ways import ends_of

    recording = run.recording(call.recording)
    behind = recording.ancestors(ends_of(call))
    keys = {key for index in behind for key in recording.operations[index].reads}
    return any(
        not one.trainable and one.owner == "layer" and len(one.shape) > 1
        for one in map(run.variable, keys)
    )


def _turned(run: Run) -> Iterator[Finding]:
    """An optimizer climbs an error: by a rate below zero, or since the error is negated."""
    from ..evidence.negated import finite

    for apply in run.applies:
        call = next((one for one in run.calls if one.key == apply.call), None)
        steps = run.steps_of(apply.key)
        losses = [step.loss for step in steps if step.loss is not None]
        if apply.by_hand or call is None or len(losses) < 2 or call.inner:
            continue
        rate = max((step.learning_rate or 0.0 for step in steps), default=0.0)
        # Who fits an input by an optimizer leaves the network alone.
        all_of_it = run.tape(call.tape).watched.issubset(call.reached)
        if rate < 0.0 and losses[-1] > losses[0] and all_of_it and _error(run, call):
            yield _below_zero(run, apply, call, rate, losses)
        known = finite(losses)
        if rate > 0.0 and known and max(known) <= 0.0 and _unopposed(run, apply, call):
            found = _of_bound(run, call, known) or _of_error(run, call, losses)
            if found is not None:
                yield found
                return


def _turned_by_hand(run: Run) -> Iterator[Finding]:
    """Changes by hand that subtract the gradients of a negated error."""
    from ..evidence.negated import falling_by_hand

    for call, losses in falling_by_hand(run):
        found = _of_error(run, call, losses)
        if found is not None:
            yield found
            return


def _below_zero(
    run: Run, apply: Apply, call: GradientCall, rate: float, losses: list[float]
) -> Finding:
    names = tuple(run.path(key) for key in call.reached)
    return Finding(
        f"the learning rate of `{apply.by}` is {rate:g}: {listed(names)} go up the error, "
        f"which grew from {losses[0]:.4g} to {losses[-1]:.4g}",
        place=run.optimizers[(apply.optimizer or 1) - 1].made_at or apply.place,
        label="its learning rate is below zero",
        related=second_places((apply.place, "applied here")),
        variables=names,
        step=1,
        evidence={"learning_rate": rate},
        fix=Fix("give it a rate above zero", safe=False),
    )


def _of_bound(run: Run, call: GradientCall, losses: list[float]) -> Finding | None:
    """A lower bound on a likelihood is minimised, and falls."""
    from ..evidence.bounds import turned_bound

    bound = turned_bound(run, call) if losses[-1] < losses[0] else None
    if bound is None:
        return None
    names = tuple(run.path(key) for key in call.reached)
    return Finding(
        f"the error against the data and the squares beside it are all negative in what is "
        f"minimised: {listed(names)} make both larger ({losses[0]:.4g} went to "
        f"{losses[-1]:.4g})",
        place=call.place,
        label="minimises what is to be as large as can be",
        related=second_places((bound.place, "this error counts negative"), but=call.place),
        variables=names,
        step=1,
        evidence={"first_loss": losses[0], "last_loss": losses[-1]},
        fix=Fix("minimise the negative of it", safe=False),
        level="warning",
    )


def _of_error(run: Run, call: GradientCall, losses: list[float]) -> Finding | None:
    """An error is minimised that is negated at the end.

    Squares may well be made larger, as a variance is, as long as they stay numbers.
    """
    from ..evidence.errors import ENTROPIES, ERRORS
    from ..evidence.negated import finite, negation, runs_off

    known, off = finite(losses), runs_off(losses)
    negated = negation(run, call, ERRORS if off else ENTROPIES)
    if negated is None:
        return None
    names = tuple(run.path(key) for key in call.reached)
    return Finding(
        f"what is minimised is an error with its sign turned: {listed(names)} make it "
        f"larger ({-known[0]:.4g} went to {-known[-1]:.4g})",
        place=negated.place or call.place,
        label="negated",
        related=second_places((call.place, "asked here"), but=negated.place),
        variables=names,
        step=1,
        evidence={"loss": known[-1]},
        fix=Fix("leave the sign of the loss as it is", safe=False),
        level=None if off else "warning",
    )


def _unopposed(run: Run, apply: Apply, call: GradientCall) -> bool:
    """All that takes part in the target is trained by it, straight, and by nothing else."""
    from ..evidence.negated import stands_alone

    keys = {source.variable for source in call.sources}
    taken = {source.variable: source.result for source in call.sources}
    straight = all(pair.handed == taken.get(pair.variable, -1) for pair in apply.pairs)
    return straight and run.tape(call.tape).watched <= keys and stands_alone(run, call)


def _helping(run: Run) -> Iterator[Finding]:
    """A generator that is trained to be found out by its critic."""
    from ..evidence.adversaries import accomplices

    told: set[object] = set()
    for found in accomplices(run):
        place = found.target.place or found.generator.place
        if place in told or not run.wanted(found.generator):
            continue
        told.add(place)
        names = tuple(run.path(key) for key in found.generator.reached)
        yield Finding(
            f"the gradients for {listed(names)} push what the critic says of their work where the "
            "critic's own gradients push it: the two help each other, and should compete",
            place=place,
            label="the critic wants that, too",
            related=second_places((found.critic.place, "the critic's gradients are taken here")),
            variables=names,
            step=1,
            evidence={"variables": len(names)},
            fix=Fix("turn the sign of the generator's loss", safe=False),
        )


def _climbs(run: Run, apply: Apply) -> bool:
    """Changes by hand point along the gradient, bar a swing of the momentum.

    Momenta turn a change away from its gradient; with what sign that enters them is known
    from the arithmetic.
    """
    from ..evidence.directions import direction

    steps = run.steps_of(apply.key)
    losses = [step.loss for step in steps if step.loss is not None]
    if not apply.by_hand or len(losses) < 2 or losses[-1] <= losses[0]:
        return False
    along = [update.along for step in steps for update in step.updates]
    known = [cosine for cosine in along if cosine is not None]
    if len(known) >= 2 and known[0] < -0.99:
        return sum(known) < -0.5 * len(known)
    variables = [pair.variable for pair in apply.pairs if pair.variable is not None]
    signs = [direction(run, apply, variable) for variable in variables]
    return bool(signs) and all(sign > 0 for sign in signs) and sum(known) <= 0.0


def _error(run: Run, call: GradientCall) -> bool:
    """The target is an error by its arithmetic: a mean of squares or the like."""
    from ..evidence.errors import measures_error, negative_likelihood

    recording = run.recording(call.recording)
    return all(
        target.operation >= 0
        and (
            measures_error(recording, target.operation)
            or negative_likelihood(recording, target.operation)
        )
        for target in call.targets
    )


FAULT = Fault(
    "GP504",
    "wrong-sign-update",
    __doc__,
    find=find,
    prove=prove,
    symptoms=("exploding-gradient", "nan-gradient-applied"),
)
