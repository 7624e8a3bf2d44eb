"""Edge cases of custom-optimizer-bug."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradproof.evidence.applies import Apply, Assigned, Optimizer, Pair, Step, Update
from gradproof.evidence.ledger import Audit
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.faults import wrong_sign_update
from gradproof.faults.custom_optimizer_bug import FAULT, prove
from gradproof.finding import Place, Span
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    healthy,
    never_applied,
    operation,
    proven,
    with_operations,
    with_updates,
)
from snippets import assert_findings, assert_silent

ZEROS, DECAY, DECAYED, SUM, RATE, DELTA, WRITE = range(BIAS_GRADIENT + 1, BIAS_GRADIENT + 8)
SLOT, COUNTER = 3, 4


def by_hand(run: Run, steps: int = 2) -> Run:
    """`velocity = 0.9 * zeros_like(kernel) + gradient; kernel.assign_sub(rate * velocity)`."""
    run = with_operations(
        run,
        operation(ZEROS, "ZerosLike", line=6, taped=False),
        operation(DECAY, "External", line=7, taped=False, shape=(), value=0.9),
        operation(DECAYED, "Mul", (DECAY, ZEROS), line=7, taped=False),
        operation(SUM, "AddV2", (DECAYED, KERNEL_GRADIENT), line=7, taped=False),
        operation(RATE, "External", line=8, taped=False, shape=(), value=0.1),
        operation(DELTA, "Mul", (RATE, SUM), line=8, taped=False),
        operation(
            WRITE, "AssignSubVariableOp", (DELTA,), 8, False, writes=frozenset({KERNEL}), shape=None
        ),
    )
    apply = Apply(
        1,
        (at(8),),
        recording=1,
        at=WRITE,
        by="assign_sub",
        pairs=(Pair(KERNEL, name="dense/kernel"),),
        traced=True,
        call=1,
    )
    return replace(
        run,
        optimizers=(),
        applies=(apply,),
        steps=tuple(
            Step(index, 1, (Update(KERNEL, 0.8, 2.0, 0.08, 1.0),)) for index in range(1, steps + 1)
        ),
        counted=steps,
    )


def test_state_that_starts_anew():
    """Momentum that is decayed from zeros in a second step was never stored."""
    (found,) = prove(by_hand(healthy()))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)
    assert "2 updates" in found.message


def test_the_first_step_starts_from_zeros():
    """In the first step nothing can have been stored."""
    assert not list(prove(by_hand(healthy(), steps=1)))


def test_a_gradient_that_a_function_gives():
    """What the variables held before the gradient was taken is no state of the rule."""
    run = by_hand(healthy())
    again = WRITE + 1
    given = operation(again, "Call", (0,), 5, False, reads=frozenset({KERNEL}))
    write = operation(again + 1, "AssignSubVariableOp", (again,), 8, False)
    run = with_operations(run, given, replace(write, writes=frozenset({KERNEL}), shape=None))
    later = replace(run.applies[0], key=2, at=again + 1)
    steps = tuple(replace(step, apply=2) for step in run.steps)
    assert not list(prove(replace(run, applies=(later,), steps=steps)))


def slotted(run: Run, written: bool) -> Run:
    """The same with a variable in place of the zeros."""
    run = by_hand(run)
    slot = Variable(SLOT, "velocity", (8, 4), trainable=False)
    run = replace(run, variables=(*run.variables, slot))
    run = with_operations(
        run, operation(ZEROS, "ReadVariableOp", line=6, taped=False, reads=frozenset({SLOT}))
    )
    return replace(run, assigned=(Assigned(SLOT, "assign"),)) if written else run


def test_slot_that_nothing_writes():
    """A velocity that is read and decayed, and never assigned."""
    (found,) = prove(slotted(healthy(), written=False))
    assert "`velocity`" in found.message


def test_slot_that_is_written():
    """The same, stored: momentum as it should be."""
    assert not list(prove(slotted(healthy(), written=True)))


def counted(run: Run, count: int) -> Run:
    """A learning rate that depends on a counter."""
    run = by_hand(run)
    counter = Variable(COUNTER, "iteration", (), "int64", False, role="optimizer", count=count)
    run = replace(run, variables=(*run.variables, counter))
    return with_operations(
        run,
        operation(ZEROS, "Neg", (KERNEL_GRADIENT,), line=6, taped=False),
        operation(
            RATE,
            "ReadVariableOp",
            line=6,
            taped=False,
            shape=(),
            dtype="int64",
            reads=frozenset({COUNTER}),
        ),
    )


def test_counter_that_stays_at_zero():
    """A warm-up whose counter nobody advances."""
    (found,) = prove(counted(healthy(), 0))
    assert found.place == at(6)
    assert "`iteration`, which is still 0" in found.message


def test_counter_that_advances():
    """A counter that moved, whoever moved it."""
    assert not list(prove(counted(healthy(), 2)))


def powered(**changes: Any) -> Run:
    """The update is divided by a power of which a variable is the exponent."""
    run = by_hand(healthy())
    run = replace(run, variables=(*run.variables, Variable(COUNTER, "count", (), "float32")))
    run = with_operations(
        run,
        operation(ZEROS, "Neg", (KERNEL_GRADIENT,), line=6, taped=False),
        operation(
            DECAY, "ReadVariableOp", line=6, taped=False, shape=(), reads=frozenset({COUNTER})
        ),
        operation(DECAYED, "Neg", (ZEROS,), line=7, taped=False),
        operation(RATE, "Pow", (DELTA, DECAY), line=6, taped=False, shape=()),
    )
    return replace(run, **changes)


def test_an_exponent_that_never_changes():
    """A bias correction whose count stays what it was made as, of whatever type."""
    (found,) = prove(powered())
    assert found.place == at(6)
    assert "power of `count`" in found.message
    assert "nan-gradient-applied" in FAULT.symptoms


def test_an_exponent_that_counts():
    """It is advanced, or the run is not at its end yet."""
    assert not list(prove(powered(assigned=(Assigned(COUNTER, "assign_add"),))))
    assert not list(prove(powered(finished=False)))


def test_velocity_in_a_table():
    """A dict of velocities that is read by index and never written."""
    assert_findings(
        """
        class Momentum:
            def __init__(self, rate):
                self.rate = rate
                self.velocity = dict()

            def step(self, pairs):
                for index, (gradient, variable) in enumerate(pairs):
                    before = self.velocity.get(index, 0.0)  # GP411
                    variable.assign_sub(self.rate * (0.9 * before + gradient))
        """
    )


def test_step_counter():
    """Bias correction with a counter that stays at zero."""
    assert_findings(
        """
        class Adam:
            def __init__(self, rate):
                self.rate = rate
                self.t = 0
                self.m = {}

            def apply(self, gradients, variables):
                for i, (gradient, variable) in enumerate(zip(gradients, variables)):
                    self.m[i] = 0.9 * self.m.get(i, 0.0) + 0.1 * gradient
                    hat = self.m[i] / (1.0 - 0.9 ** (self.t + 1))  # GP411
                    variable.assign_sub(self.rate * hat)
        """
    )


ADAM = """
        class Adam:
            def __init__(self, variables):
                self.variables = variables
                self.t = FIRST
                self.m = [tf.Variable(tf.zeros_like(v)) for v in variables]

            def apply(self, gradients):
                BEFORE
                for v, g, m in zip(self.variables, gradients, self.m):
                    STORE
                    v.assign_sub(0.1 * m / (1.0 - 0.9 ** self.t))MARK
                AFTER
        """


def adam(store: str = "m.assign(0.9 * m + 0.1 * g)", first: str = "1", **parts: str) -> str:
    """A hand-written Adam."""
    text = ADAM.replace("FIRST", first).replace("STORE", store)
    for name in ("BEFORE", "AFTER", "MARK"):
        text = text.replace(name, parts.get(name.lower(), "" if name == "MARK" else "pass"))
    return text


def test_a_count_that_stays_at_one():
    """Bias correction as in the first step, for ever."""
    assert_findings(adam(mark="  # GP411"))
    assert_silent(adam(after="self.t += 1"))
    assert_silent(adam(before="self.t = self.t + 1"))
    assert_silent(adam() + "\n        adam = Adam([])\n        adam.t += 1\n")


def test_a_slot_that_a_name_takes_the_place_of():
    """`m = ...` gives the name a new value, and the slot keeps its old one."""
    moved = "self.t += 1"
    assert_findings(adam("m = 0.9 * m + 0.1 * g  # GP411", after=moved))
    fresh = "m = 0.9 * m + 0.1 * g; fresh.append(m)"
    assert_silent(adam(fresh, before="self.t += 1; fresh = []", after="self.m = fresh"))
    new = "new = 0.9 * m + 0.1 * g; m.assign(new); m = new"
    assert_silent(adam(new, after=moved))


def test_update_step_without_assignment():
    """The update is computed, and the variable never hears of it."""
    assert_findings(
        """
        class Plain(keras.optimizers.Optimizer):
            def update_step(self, gradient, variable, learning_rate):
                rate = tf.cast(learning_rate, variable.dtype)
                update = variable - rate * gradient  # GP411
        """
    )


def test_counter_of_keras():
    """`apply_gradients` is replaced; the warm-up waits for `iterations`."""
    assert_findings(
        """
        class Warm(keras.optimizers.Adam):
            def apply_gradients(self, grads_and_vars, **options):
                warm = tf.minimum(1.0, tf.cast(self.iterations, "float32") / 10.0)  # GP411
                for gradient, variable in grads_and_vars:
                    variable.assign_sub(1e-3 * warm * gradient)
        """
    )


def test_state_that_is_stored():
    """Each common way to store a state."""
    assert_silent(
        """
        class Stored:
            def __init__(self, rate):
                self.rate = rate
                self.a, self.b, self.c, self.d = {}, {}, {}, {}
                self.t = 0
                self.slots = {}

            def apply(self, gradients, variables):
                self.t += 1
                for i, (gradient, variable) in enumerate(zip(gradients, variables)):
                    self.slots[i] = 0.9 * self.slots.get(i, 0.0) + gradient
                    variable.assign_sub(self.rate * self.slots[i] / (1 - 0.9 ** self.t))

        class Lazily:
            def __init__(self):
                self.slots = {}

            def slot(self, variable):
                return self.slots.setdefault(variable.ref(), tf.Variable(tf.zeros_like(variable)))

            def apply(self, gradients, variables):
                for gradient, variable in zip(gradients, variables):
                    velocity = self.slot(variable)
                    velocity.assign(0.9 * velocity + gradient)
                    variable.assign_sub(0.1 * self.slots[variable.ref()])
        """
    )


def test_table_filled_from_outside():
    """A table of rates that the program fills."""
    assert_silent(
        """
        class Rates:
            def __init__(self):
                self.rates = {}

            def set_rate(self, name, rate):
                self.rates[name] = rate

            def apply(self, gradients, variables):
                for gradient, variable in zip(gradients, variables):
                    variable.assign_sub(self.rates.get(variable.name, 0.1) * gradient)
        """
    )


def test_overrides_that_go_on():
    """Overrides that leave the update to the base class."""
    assert_silent(
        """
        class Clipped(keras.optimizers.Adam):
            def apply_gradients(self, grads_and_vars, **options):
                print(self.iterations)
                pairs = [(tf.clip_by_norm(g, 1.0), v) for g, v in grads_and_vars]
                return super().apply_gradients(pairs, **options)

        class Plain(keras.optimizers.Optimizer):
            def update_step(self, gradient, variable, learning_rate):
                self.assign_sub(variable, learning_rate * gradient)

        class Noisy(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                noise = tf.random.normal(tf.shape(gradient))
                super().update_step(gradient + noise, variable, learning_rate)

        class Counted(keras.optimizers.SGD):
            def apply_gradients(self, grads_and_vars, **options):
                for gradient, variable in grads_and_vars:
                    rate = 0.1 / (1.0 + tf.cast(self.iterations, "float32"))
                    variable.assign_sub(rate * gradient)
                self.iterations.assign_add(1)
        """
    )


def by_own_rule(run: Run, steps: int, gradient: float = 0.8, **changes: Any) -> Run:
    """The kernel's update is the rule of a class of the user's."""
    first = Audit(1, 1, KERNEL, "Mine", True, 2.0, gradient_norm=gradient, change_norm=0.08)
    move = changes.get("change_norm", 0.08)
    return replace(
        run,
        optimizers=(Optimizer(1, "Mine", rule_at=at(3)),),
        applies=(replace(run.applies[0], by="Mine"),),
        audits=tuple(replace(first, step=index, **changes) for index in (1, 2, 3)),
        steps=tuple(
            Step(index, 1, (Update(KERNEL, gradient, 2.0, move),), 0.1 * index, 0.1, index - 1)
            for index in range(1, steps + 1)
        ),
    )


def test_an_update_that_is_never_written():
    """Gradients at ten steps, and nothing moves."""
    (found,) = prove(by_own_rule(healthy(), 10, change_norm=0.0))
    assert found.place == at(3)
    assert "10 steps" in found.message


def test_an_update_that_waits():
    """A few steps without a change may be accumulation."""
    assert not list(prove(by_own_rule(healthy(), 3, change_norm=0.0)))


def test_a_slot_that_stays_zero():
    """The velocity is made, read, and never stored."""
    (found,) = prove(by_own_rule(healthy(), 10, idle=("speed",)))
    assert "`speed` of `Mine`" in found.message


def in_a_loop(run: Run, written: bool) -> Run:
    """A rule whose steps are made in a loop inside a function: only its graph is known."""
    run = slotted(run, written)
    (recording,) = run.recordings
    recording = replace(
        recording,
        operations=tuple(
            replace(one, backward=one.index > BIAS_GRADIENT) for one in recording.operations
        ),
    )
    apply = replace(run.applies[0], at=ZEROS, by="Mine", optimizer=1)
    return replace(
        run,
        recordings=(recording,),
        applies=(apply,),
        optimizers=(Optimizer(1, "Mine", rule_at=at(3)),),
    )


def test_a_slot_that_nothing_writes_in_a_loop():
    """No step is audited there, and the graph shows it all the same."""
    (found,) = prove(in_a_loop(healthy(), written=False))
    assert "`velocity` is decayed and added to the gradient, but nothing writes it" in found.message


def test_a_slot_that_is_written_in_a_loop():
    """The same, stored."""
    assert not list(prove(in_a_loop(healthy(), written=True)))


def test_no_movement_in_a_loop():
    """Twenty steps with gradients, none of them audited."""
    run = replace(by_own_rule(healthy(), 20, change_norm=0.0), audits=())
    (found,) = prove(run)
    assert found.place == at(3)


def test_an_own_rule_that_climbs():
    """The sign is wrong: the loss grows. That has a name of its own."""
    run = by_own_rule(healthy(), 10, along=-1.0)
    assert not list(prove(run))
    (found,) = wrong_sign_update.prove(run)
    assert found.label == "adds the gradient"
    (found,) = wrong_sign_update.prove(by_own_rule(healthy(), 10, along=-0.6))
    assert found.label == "adds the gradient"


def test_an_own_rule_that_climbs_in_a_graph():
    """The graph measures the product of change and gradient; no audit has the gradient."""
    for along, found in ((-0.6, ["adds the gradient"]), (0.6, [])):
        run = replace(by_own_rule(healthy(), 10), audits=())
        run = with_updates(run, KERNEL, BIAS, along=along)
        assert [one.label for one in wrong_sign_update.prove(run)] == found


def test_an_own_rule_that_divides_by_zero():
    """A bias correction that starts at step 0."""
    (found,) = prove(by_own_rule(healthy(), 10, change_norm=float("inf")))
    assert "infinite or NaN" in found.message


def test_an_own_rule_that_descends():
    """A rule of one's own that does what it should."""
    assert not list(prove(by_own_rule(healthy(), 10, along=0.98)))


RULE = """
class Own(keras.optimizers.Optimizer):
    def build(self, variables):
        super().build(variables)
        self.moments = [self.add_variable_from_reference(v, name="moment") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        moment = self.moments[self._get_variable_index(variable)]
        direction = tf.sign(0.9 * moment + 0.1 * gradient)
        WRITE
        self.assign(moment, 0.99 * moment + 0.01 * gradient)MARK
"""


def rule(write: str, code: str = "", mark: str = "") -> str:
    """An optimizer class that writes so."""
    code = f"  # {code}" if code else ""
    return RULE.replace("WRITE", write + code).replace("MARK", f"  # {mark}" if mark else "")


def test_a_rule_that_writes_its_slot_only():
    """`variable = variable - ...` moves nothing, though a slot is assigned."""
    assert_findings(rule("variable = variable - learning_rate * direction", mark="GP411"))
    assert_silent(rule("self.assign_sub(variable, learning_rate * direction)"))
    assert_silent(rule("variable.assign(variable - learning_rate * direction)"))


def test_a_rule_that_adds_the_gradient():
    """Each way of writing it."""
    for write in (
        "self.assign_add(variable, learning_rate * direction)",
        "variable.assign_add(learning_rate * gradient)",
        "variable.assign(variable + learning_rate * direction)",
        "self.assign_sub(variable, -learning_rate * direction)",
        "self.assign_add(variable, learning_rate * moment)",
    ):
        assert_findings(rule(write, "GP504"))


def test_a_rule_whose_sign_is_turned_or_unknown():
    """A minus sign, or a value that nobody can follow."""
    for write in (
        "self.assign_add(variable, -learning_rate * direction)",
        "self.assign_add(variable, tf.negative(learning_rate * direction))",
        "self.assign_add(variable, learning_rate * self.kept)",
        "self.assign_add(variable, self.change(direction))",
    ):
        assert_silent(rule(write))


NESTEROV = """
    class Nesterov:
        def __init__(self, variables):
            self.variables = list(variables)
            self.velocities = [tf.Variable(tf.zeros_like(v)) for v in self.variables]
            self.rates = [tf.constant(0.1) for _ in self.variables]

        def step(self, gradients):
            for v, velocity, rate, g in zip(
                self.variables, self.velocities, self.rates, gradients
            ):
                speed = 0.9 * velocity - rate * g{mark}
                {store}
                v.assign_add(0.9 * speed - rate * g)
"""


def test_a_velocity_that_stays_zero():
    """The new velocity moves the variable and is never stored; rates are not meant to change."""
    assert_findings(NESTEROV.format(mark="  # GP411", store="print(speed)"))


@pytest.mark.parametrize(
    "store", ["velocity.assign(speed)", "keep(velocity, speed)", "self.put(velocity, speed)"]
)
def test_a_velocity_that_is_stored(store: str):
    """It is assigned, or handed to somebody who may assign it."""
    assert_silent(NESTEROV.format(mark="", store=store))


def test_velocities_that_are_a_new_list_each_time():
    """The attribute itself takes the new values."""
    assert_silent(
        """
        class Momentum:
            def __init__(self, variables):
                self.variables = list(variables)
                self.velocity = [tf.zeros_like(v) for v in self.variables]

            def step(self, gradients):
                self.velocity = [0.9 * v + g for v, g in zip(self.velocity, gradients)]
                for variable, velocity in zip(self.variables, self.velocity):
                    variable.assign_sub(0.1 * velocity)
        """
    )


def test_zeros_that_somebody_else_trains():
    """Biases begin as zeros, too, and what moves them may stand outside."""
    assert_silent(
        """
        class Network:
            def __init__(self):
                self.weights = [tf.Variable(tf.ones((4, 4))) for _ in range(2)]
                self.biases = [tf.Variable(tf.zeros(4)) for _ in range(2)]

            def forward(self, h):
                for w, b in zip(self.weights, self.biases):
                    h = tf.tanh(h @ w + b)
                return h

            def step(self, gradients):
                for w, g in zip(self.weights, gradients):
                    w.assign_sub(0.1 * g)
        """
    )


def test_slots_of_a_keras_optimizer_that_stay_zero():
    """`update_step` reads its slot, and moves the variable by a new value of its own."""
    text = """
        class Heavy(keras.optimizers.Optimizer):
            def build(self, variables):
                super().build(variables)
                self.speeds = []
                for v in variables:
                    self.speeds.append(self.add_variable_from_reference(v, "speed"))

            def update_step(self, gradient, variable, learning_rate):
                slot = self.speeds[self._get_variable_index(variable)]
                speed = 0.9 * slot + gradient{mark}
                {store}
                self.assign_sub(variable, learning_rate * speed)
    """
    assert_findings(text.format(mark="  # GP411", store="pass"))
    assert_silent(text.format(mark="", store="self.assign(slot, speed)"))


def test_gradients_that_go_nowhere():
    """`apply` of an own class that forgets the class below."""
    text = """
        class Centred(keras.optimizers.Adam):
            def apply(self, grads, trainable_variables=None):
                grads = [g - tf.reduce_mean(g) for g in grads]{mark}
                {then}
    """
    assert_findings(text.format(mark="  # GP411", then="").rstrip() + "\n")
    assert_silent(text.format(mark="", then="return super().apply(grads, trainable_variables)"))
    assert_silent(text.format(mark="", then="self.inner.apply(grads, trainable_variables)"))


def handed_nowhere(**changes: Any) -> Run:
    """Eight steps of an own class that takes gradients, and leaves every variable alone."""
    run = healthy()
    steps = tuple(
        replace(
            run.steps[0],
            index=number,
            updates=tuple(replace(one, change_norm=0.0) for one in run.steps[0].updates),
        )
        for number in range(1, 9)
    )
    own = tuple(replace(one, applied_at=at(2)) for one in run.optimizers)
    return replace(run, **{"steps": steps, "optimizers": own, "audits": (), **changes})


def test_an_own_class_that_hands_nothing_on():
    """It is told at the method that takes the gradients."""
    assert [(one.place, one.label) for one in prove(handed_nowhere())] == [
        (at(2), "computes an update and does not write it")
    ]


def test_an_own_class_that_adds_up_first():
    """It keeps sums for later, or the run is not at its end."""
    kept = Assigned(KERNEL, "assign_add", 8, (at(2),))
    assert not list(prove(handed_nowhere(assigned=(kept,))))
    assert not list(prove(handed_nowhere(finished=False)))


def test_moments_that_are_reckoned_with_where_they_stand():
    """`0.9 * self.m[i]`, and the new moment is a name of its own."""
    text = """
        class Adam:
            def __init__(self, variables):
                self.variables = variables
                self.m = [tf.zeros_like(v) for v in variables]

            def step(self, gradients):
                for i, (v, g) in enumerate(zip(self.variables, gradients)):
                    m = 0.9 * self.m[i] + 0.1 * g{mark}
                    {store}
                    v.assign_sub(0.01 * m)
    """
    assert_findings(text.format(mark="  # GP411", store="pass"))
    assert_silent(text.format(mark="", store="self.m[i] = m"))
    assert_silent(text.format(mark="", store="self.m[i].assign(m)"))


def divided(exponent: float | None, gradient: float | None) -> Run:
    """`kernel.assign_sub(moment / (1 - 0.9 ** count))`, which made the kernel NaN at once."""
    run = by_hand(healthy(), steps=0)
    known = operation(DECAY, "External", line=6, taped=False, shape=(), value=exponent)
    run = with_operations(
        run,
        replace(known, type="ReadVariableOp", reads=frozenset({SLOT}))
        if exponent is None
        else known,
        operation(ZEROS, "External", line=6, taped=False, shape=(), value=0.9),
        operation(DECAYED, "Pow", (ZEROS, DECAY), line=7, taped=False, shape=()),
        operation(RATE, "External", line=7, taped=False, shape=(), value=1.0),
        operation(SUM, "Sub", (RATE, DECAYED), line=7, taped=False, shape=()),
        operation(DELTA, "RealDiv", (KERNEL_GRADIENT, SUM), line=7, taped=False),
    )
    nan = float("nan")
    step = Step(1, 1, (Update(KERNEL, gradient, 2.0, nan),))
    later = Step(2, 1, (Update(KERNEL, nan, nan, nan),))
    count = Variable(SLOT, "count", (), "int64", False)
    return replace(run, steps=(step, later), variables=(*run.variables, count))


@pytest.mark.parametrize(("exponent", "gradient"), [(0.0, 0.8), (0.0, None), (None, 0.8)])
def test_a_bias_correction_at_step_zero(exponent: float | None, gradient: float | None):
    """`1 - decay ** 0` is 0: the division is the place, and what follows is no other fault."""
    (found,) = (one for one in prove(divided(exponent, gradient)) if one.label == "divides by zero")
    assert (found.place, found.step) == (at(7), 1)
    assert found.variables == ("dense/kernel",)
    assert "nan-gradient-applied" in found.symptoms


@pytest.mark.parametrize(
    ("exponent", "gradient"), [(1.0, None), (None, None), (1.0, float("nan")), (0.0, float("nan"))]
)
def test_a_change_that_may_have_come_from_a_broken_gradient(
    exponent: float | None, gradient: float | None
):
    """The gradient was not finite, or nobody knows."""
    labels = [one.label for one in prove(divided(exponent, gradient))]
    assert not {"divides by zero", "not finite"}.intersection(labels)


def swallowed(**changes: Any) -> Run:
    """Gradients that a class of the user's took, worked on, and never handed on."""
    run = never_applied(healthy())
    clip = operation(12, "Maximum", (KERNEL_GRADIENT,), line=9, taped=False)
    own = Optimizer(1, "Careful", made_at=at(1), applied_at=Place("train.py", Span(8, 1, 10)))
    return replace(with_operations(run, clip), **{"optimizers": (own,), **changes})


def test_an_own_class_that_keeps_the_gradients_to_itself():
    """Nothing is told of gradients that nobody applied: the class has them."""
    assert proven(swallowed()) == [("GP411", 8)]


def test_gradients_that_an_own_class_never_got():
    """Nothing ran in its method: they were not applied; or the run goes on."""
    other = replace(swallowed().optimizers[0], applied_at=at(30))
    assert proven(swallowed(optimizers=(other,)))[0][0] == "GP401"
    assert not list(prove(swallowed(finished=False)))


MOMENTUM = """
variables = model.trainable_variables
BEFORE
for step in range(100):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, variables)
    INSIDE
    for i, v in enumerate(variables):
        velocity[i] = 0.9 * velocity[i] - 0.1 * gradients[i]
        v.assign_add(velocity[i])
"""
EMPTY = "velocity = [tf.zeros_like(v) for v in variables]"


def test_a_state_that_a_loop_over_steps_begins_anew():
    """Velocities that are zeros at the start of every step are no momentum."""
    anew = MOMENTUM.replace("BEFORE", "pass")
    assert_findings(anew.replace("INSIDE", f"{EMPTY}  # GP411"))
    assert_silent(MOMENTUM.replace("BEFORE", EMPTY).replace("INSIDE", "pass"))
    now_and_then = f"if step % 50 == 0: {EMPTY}"
    assert_silent(MOMENTUM.replace("BEFORE", EMPTY).replace("INSIDE", now_and_then))


def test_a_state_of_the_steps_inside_of_a_step():
    """Each task of a meta-step has a momentum of its own, for the steps inside."""
    assert_silent("""
        weight = tf.Variable(tf.zeros((4, 4)))
        for task in range(10):
            velocity = tf.zeros_like(weight)
            for inner in range(5):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(x @ weight - y))
                velocity = 0.9 * velocity + tape.gradient(loss, weight)
                weight.assign_sub(0.1 * velocity)
            with tf.GradientTape() as tape:
                outer = tf.reduce_mean(tf.square(model(x @ weight) - y))
            gradients = tape.gradient(outer, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


CORRECTED = """
def adam(variables, gradients, m, COUNT):
    START
    for i, (v, g) in enumerate(zip(variables, gradients)):
        m[i] = 0.9 * m[i] + 0.1 * g
        v.assign_sub(0.01 * m[i] / (1 - 0.9 ** t))

moments = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(1, 100):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    adam(model.trainable_variables, gradients, moments, GIVEN)
"""


def test_a_count_that_is_the_same_at_each_call():
    """A default that no call replaces, or a count that begins in the function."""
    marked = CORRECTED.replace("** t))", "** t))  # GP411")
    stays = marked.replace("COUNT", "t=1").replace("START", "pass").replace("GIVEN", "")
    assert_findings(stays)
    begins = marked.replace("COUNT", "rate=1").replace("START", "t = 0; t += 1")
    assert_findings(begins.replace("GIVEN", ""))
    for count, given in (("t=1", "step"), ("t=1", "t=step"), ("t", "step")):
        text = CORRECTED.replace("COUNT", count).replace("START", "pass")
        assert_silent(text.replace("GIVEN", given))


NAMED = """
net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
cache = {}
for step in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    for g, v in zip(gradients, net.trainable_variables):
        cache[v.name] = cache.get(v.name, 0.0) + tf.square(g)
        v.assign_sub(0.1 * g / (tf.sqrt(cache[v.name]) + 1e-7))
"""


def test_a_state_by_the_name_of_a_variable():
    """In Keras 3 each layer's weights are called kernel and bias; their paths differ."""
    assert_findings(NAMED.replace("tf.square(g)", "tf.square(g)  # GP411"))
    assert_silent(NAMED, keras="2")
    assert_silent(NAMED.replace("v.name", "v.path"))
    body = "        cache[v.name] = cache"
    begins = NAMED.replace(body, f"        if v.name not in cache:\n            pass\n{body}")
    assert_findings(begins.replace("tf.square(g)", "tf.square(g)  # GP411"))
    some = f'        if "bias" not in v.name:\n            continue\n{body}'
    assert_silent(NAMED.replace(body, some))


def test_a_count_that_is_raised_too_late():
    """At the first step `1 - beta ** 0` is 0; counted before its use it is not."""
    rule = """
    class Own:
        def __init__(self):
            self.t = 0
            self.m = [tf.zeros_like(w) for w in model.trainable_variables]

        def update(self, gradients):
            {before}
            for i, (w, g) in enumerate(zip(model.trainable_variables, gradients)):
                self.m[i] = 0.9 * self.m[i] + 0.1 * g
                w.assign_sub(0.1 * self.m[i] / (1 - 0.9 ** self.t)){mark}
            {after}
    """
    late = {"before": "pass", "after": "self.t += 1", "mark": "  # GP411"}
    assert_findings(rule.format(**late))
    assert_silent(rule.format(before="self.t += 1", after="pass", mark=""))
    asked = rule.replace("w.assign_sub", "if self.t > 0: w.assign_sub")
    assert_silent(asked.format(before="pass", after="self.t += 1", mark=""))


def test_rounds_that_are_counted_from_zero():
    """So it is with the counter of a loop."""
    loop = """
    m = tf.zeros(())
    w = tf.Variable(1.0)
    for t in range({start}20):
        with tf.GradientTape() as tape:
            loss = tf.square(w - 3.0)
        m = 0.9 * m + 0.1 * tape.gradient(loss, w)
        w.assign_sub(0.1 * m / (1 - 0.9 ** t)){mark}
    """
    assert_findings(loop.format(start="", mark="  # GP411"))
    assert_silent(loop.format(start="1, ", mark=""))


TWO_MOMENTS = """
def update(gradients, state, t):
    for i, (w, g) in enumerate(zip(model.trainable_variables, gradients)):
        m = 0.9 * state["m"][i] + 0.1 * g
        v = 0.99 * state["v"][i] + 0.01 * tf.square(g)
        {body}

state = {{key: [tf.Variable(tf.zeros_like(w)) for w in model.trainable_variables] for key in "mv"}}
for t in range(1, 20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    update(tape.gradient(loss, model.trainable_variables), state, t)
"""


def two_moments(*lines: str) -> str:
    return TWO_MOMENTS.format(body="\n        ".join(lines))


KEEP_M, KEEP_V = "state['m'][i].assign(m)", "state['v'][i].assign(v)"
MOVE = "w.assign_sub(0.1 * m / (tf.sqrt(v) + 1e-8))"


def test_one_of_two_moments_is_stored():
    """The other one begins anew at each step; stored as well, or handed on, it does not."""
    text = two_moments(KEEP_M, MOVE)
    assert_findings(text.replace("tf.square(g)", "tf.square(g)  # GP411"))
    assert_silent(two_moments(KEEP_M, KEEP_V, MOVE))
    assert_silent(two_moments(KEEP_M, "print(state['v'])", MOVE))


def test_a_moment_that_is_stored_with_its_correction():
    """Each step corrects what is corrected already; under a name of its own nothing adds up."""
    assert_findings(two_moments("m = m / (1 - 0.9 ** t)", f"{KEEP_M}  # GP411", KEEP_V, MOVE))
    assert_silent(two_moments(KEEP_M, KEEP_V, "m = m / (1 - 0.9 ** t)", MOVE))
    hat = MOVE.replace("* m", "* m_hat")
    assert_silent(two_moments("m_hat = m / (1 - 0.9 ** t)", KEEP_M, KEEP_V, hat))


SQUARES = """
class Own:
    def __init__(self):
        self.cache = [tf.zeros_like(w) for w in model.trainable_variables]

    def update(self, gradients):
        for i, (w, g) in enumerate(zip(model.trainable_variables, gradients)):
            {store}
            w.assign_sub(0.1 * g / (tf.sqrt(self.cache[i]) + 1e-7))
"""


def test_squares_that_are_not_summed_up():
    """The root of the last square alone makes every change as large as the rate."""
    assert_findings(SQUARES.format(store="self.cache[i] = g ** 2  # GP411"))
    assert_silent(SQUARES.format(store="self.cache[i] += g ** 2"))
    assert_silent(SQUARES.format(store="self.cache[i] = 0.9 * self.cache[i] + 0.1 * g ** 2"))


EARLY = """
class Own(keras.optimizers.Optimizer):
    def __init__(self):
        super().__init__(learning_rate=0.01)

    def build(self, variables):
        super().build(variables)
        self.squares = [{made} for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        square = self.squares[self._get_variable_index(variable)]
        new = 0.9 * square + 0.1 * tf.square(gradient)
        {first}
        {second}

own = Own()
for _ in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    own.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_a_root_of_zeros_before_they_take_the_gradient_in():
    """Divided by its root first, and stored after that: the first step is a throw."""
    made = 'self.add_variable_from_reference(v, "square")'
    move = "variable.assign_sub(learning_rate * gradient / (tf.sqrt(square) + 1e-7))"
    store = "square.assign(new)"
    assert_findings(EARLY.format(made=made, first=move + "  # GP411", second=store))
    assert_silent(EARLY.format(made=made, first=store, second=move))
    assert_silent(EARLY.format(made=made, first=move.replace("(square)", "(new)"), second=store))
    ones = made[:-1] + ', initializer="ones")'
    assert_silent(EARLY.format(made=ones, first=move, second=store))


def test_a_rule_whose_guard_is_turned_around():
    """An optimizer of the program's own that hands on what is not finite, and nothing else."""
    text = """
        class Safe(keras.optimizers.SGD):
            def apply_gradients(self, pairs, **kwargs):
                pairs = list(pairs)
                finite = [bool(tf.reduce_all(tf.math.is_finite(g))) for g, _ in pairs]
                if {test}:{mark}
                    return super().apply_gradients(pairs, **kwargs)

        safe = Safe(0.1)
        for _ in range(9):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            safe.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text.format(test="not all(finite)", mark="  # GP411"))
    assert_silent(text.format(test="all(finite)", mark=""))
