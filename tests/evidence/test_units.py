"""Records of units that no batch moves, and of gradients that fade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradproof.evidence.applies import Assigned, Pair, Update
from gradproof.evidence.copies import Copy
from gradproof.evidence.run import Run
from gradproof.evidence.units import Units
from gradproof.evidence.variable import Variable
from gradproof.faults.dead_units import prove
from gradproof.faults.vanishing_gradient import prove as prove_fading
from records import (
    ADD,
    BIAS,
    KERNEL,
    SQUARE,
    SUB,
    at,
    healthy,
    operation,
    proven,
    with_apply,
    with_operations,
    with_updates,
)


def gated(units: Units) -> Run:
    """The bias goes through a threshold, and was looked at now and then."""
    run = with_operations(
        healthy(), operation(SUB, "Relu", (ADD,)), operation(SQUARE, "Square", (SUB,))
    )
    return replace(run, units=(units,))


def test_never_fired():
    """Nine of ten units stood still from the start."""
    assert proven(gated(Units(BIAS, 40, 36, 0, 60, 30))) == [("GP308", 4)]


def test_died():
    """Units that moved first and then stopped."""
    (finding,) = prove(gated(Units(BIAS, 40, 4, 28, 400, 200)))
    assert finding.evidence["dead"] == 32


def test_held_where_they_are():
    """Who clips the weights behind the optimizer puts them back; who restores some does not."""
    run = gated(Units(BIAS, 40, 4, 28, 400, 200))
    clipped = Assigned(BIAS, "assign", 400, (at(9),))
    assert list(prove(replace(run, assigned=(clipped,)))) == []
    restored = (Copy("dense", at(9), 1, 0),)
    assert list(prove(replace(run, assigned=(clipped,), copies=restored)))
    assert list(prove(replace(run, assigned=(replace(clipped, variable=KERNEL),))))


def test_a_gradient_that_arrives():
    """None of the units seems to move, and yet their gradient is not zero."""
    run = gated(Units(BIAS, 40, 4, 36, 400, 200))
    assert list(prove(run)) == []
    (finding,) = prove(with_updates(run, BIAS, gradient_norm=0.0))
    assert finding.evidence["dead"] == 40


def test_a_few_more_went_off():
    """Half of a narrow layer is off for its data, and one unit more since."""
    assert list(prove(gated(Units(BIAS, 16, 0, 9, 400, 200)))) == []


def test_half_from_the_start():
    """Half of a layer may be off for data of one sign."""
    assert list(prove(gated(Units(BIAS, 40, 21, 0, 400, 200)))) == []


def test_too_soon():
    """A few steps prove nothing."""
    assert list(prove(gated(Units(BIAS, 40, 36, 0, 10, 5)))) == []


def test_without_threshold():
    """Entries of a bias that feeds no threshold rest for other reasons."""
    run = replace(healthy(), units=(Units(BIAS, 40, 36, 0, 60, 30),))
    assert list(prove(run)) == []


def test_training_is_over():
    """Where nothing moves any more, units are not the matter."""
    dead = gated(Units(BIAS, 40, 4, 30, 400, 200))
    assert list(prove(with_updates(dead, 1, BIAS, change_norm=0.0))) == []
    assert list(prove(with_updates(dead, 1, BIAS, change_norm=1e-9))) == []


def chain(gradients: Sequence[float], changes: Sequence[float], steps: int = 12) -> Run:
    """One matrix after the other, with a gradient norm and a relative change each."""
    run = healthy()
    keys = range(20, 20 + len(gradients))
    variables = tuple(
        Variable(key, f"h{key}/kernel", (8, 8), layer_made_at=at(key)) for key in keys
    )
    reads = tuple(
        operation(number, "ReadVariableOp", reads=frozenset({key}))
        for number, key in enumerate(keys, start=12)
    )
    updates = tuple(
        Update(key, gradient, 2.0, 2.0 * change)
        for key, gradient, change in zip(keys, gradients, changes, strict=True)
    )
    run = with_operations(run, *reads)
    run = with_apply(run, pairs=tuple(Pair(key, taken_for=frozenset({key})) for key in keys))
    return replace(
        run,
        variables=(*run.variables, *variables),
        steps=tuple(
            replace(run.steps[0], index=index, updates=updates) for index in range(1, steps + 1)
        ),
        counted=steps,
    )


FADING = [1e-7, 1e-6, 1e-5, 1e-4, 1e-2, 1.0]


def test_fading():
    """A millionth of the gradient, and of the change, at the first layer."""
    (finding,) = prove_fading(chain(FADING, FADING))
    assert finding.place == at(20)
    assert finding.variables[0] == "h20/kernel"
    assert "h25/kernel" not in finding.variables


def test_fading_by_hand():
    """Each variable is changed by a line of its own loop: one place, many updates."""
    run = chain(FADING, FADING)
    apart = tuple(
        replace(run.applies[0], key=number, optimizer=None, by="assign_sub", pairs=(pair,))
        for number, pair in enumerate(run.applies[0].pairs, start=1)
    )
    steps = tuple(
        replace(step, index=6 * (step.index - 1) + number, apply=number, updates=(update,))
        for step in run.steps
        for number, update in enumerate(step.updates, start=1)
    )
    (finding,) = prove_fading(replace(run, applies=apart, steps=steps))
    assert finding.place == at(20)


def test_moves_all_the_same():
    """Adam divides by the size: every layer moves."""
    assert list(prove_fading(chain(FADING, [0.01] * 6))) == []


def test_no_trend():
    """One small gradient in the middle is no fading."""
    norms = [1e-7, 1.0, 0.5, 0.9, 0.2, 0.1]
    assert list(prove_fading(chain(norms, norms))) == []


def test_few_steps():
    """A start with small gradients may pass."""
    assert list(prove_fading(chain(FADING, FADING, steps=5))) == []


def test_zero():
    """Exactly zero is another fault."""
    assert list(prove_fading(chain([0.0, *FADING[1:]], [0.0, *FADING[1:]]))) == []


def test_biases_tell_where_kernels_are_all_alike():
    """Inputs shrink forward as gradients do backward: every kernel gets next to nothing."""
    run = chain([1e-7] * 6 + FADING, [1e-7] * 6 + [0.05] * 6)
    flat = tuple(replace(one, shape=(8,)) if one.key >= 26 else one for one in run.variables)
    (finding,) = prove_fading(replace(run, variables=flat))
    assert finding.variables[0] == "h20/kernel"
    assert len(finding.variables) == 6


def test_biases_that_do_not_fade():
    """A small learning rate beside biases that start at zero is no fading."""
    run = chain([1e-3] * 6 + [1.0] * 6, [1e-6] * 6 + [0.5] * 6)
    flat = tuple(replace(one, shape=(8,)) if one.key >= 26 else one for one in run.variables)
    assert list(prove_fading(replace(run, variables=flat))) == []
