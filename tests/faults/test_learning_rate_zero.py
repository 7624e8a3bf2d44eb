"""Learning rates of nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Apply, Pair, Step, Update
from gradproof.evidence.run import Run
from gradproof.evidence.variable import Variable
from gradproof.fault import Verdict
from gradproof.faults.learning_rate_zero import find, prove, settle
from gradproof.finding import Finding
from gradproof.source import read
from records import (
    BIAS,
    BIAS_GRADIENT,
    KERNEL,
    KERNEL_GRADIENT,
    at,
    grown,
    healthy,
    operation,
    proven,
    with_operations,
    with_updates,
)
from snippets import assert_findings, assert_silent, mended_snippet


def test_written_out():
    """A zero is a zero."""
    assert_findings(
        """
        sgd = keras.optimizers.SGD(0.0)  # GP501
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


OPTIONS = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default={default})
parser.add_argument("--warm-up", dest="warm_up", type=int, default=1)
args = parser.parse_args()
rate = {rate}
sgd = keras.optimizers.SGD({given}){mark}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
sgd.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize(
    ("default", "rate"),
    [("1e-3", "int(args.lr)"), ("1", "args.lr // 10"), ("0.5", "0.1 * (args.warm_up // 2)")],
)
def test_the_default_of_an_option_is_rounded_to_nothing(default, rate):
    """Whoever gives no option trains with 0."""
    assert_findings(OPTIONS.format(default=default, rate=0.1, given=rate, mark="  # GP501"))
    named = {"rate": f"{rate}  # GP501", "given": "learning_rate=rate", "mark": ""}
    assert_findings(OPTIONS.format(default=default, **named))


@pytest.mark.parametrize(
    ("default", "rate"),
    [
        ("1e-3", "args.lr"),
        ("10", "args.lr // 10"),
        ("0.0", "float(args.lr)"),
        ("0", "args.lr // 10"),
        ("None", "args.lr // 10"),
        ("1e-3", "args.lr / args.warm_up"),
        ("1e-3", "int(args.unknown)"),
    ],
)
def test_the_default_of_an_option_is_a_rate(default, rate):
    """Not rounded, 0 on purpose, or not known."""
    assert_silent(OPTIONS.format(default=default, rate=rate, given="rate", mark=""))


@pytest.mark.parametrize(
    ("rate", "mark"),
    [
        ("int(0.5)", "  # GP501"),
        ("float('0.0')", "  # GP501"),
        ("round(0.001, 2)", "  # GP501"),
        ("max(0.0, 1e-3 * 0)", "  # GP501"),
        ("min(0.1, 0)", "  # GP501"),
        ("float('1e-3')", ""),
        ("max(0.01, 0.0)", ""),
        ("round(0.016, 2)", ""),
        ("int(1.5)", ""),
        ("max(0.0, rate)", ""),
    ],
)
def test_rates_that_python_computes(rate, mark):
    """Functions of Python give for numbers what they give in a run."""
    assert_findings(
        f"""
        def train(rate):
            sgd = keras.optimizers.SGD({rate}){mark}
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_a_weight_that_rises():
    """Rates and weights that begin at zero, and rise."""
    assert_silent(
        """
        sgd = keras.optimizers.SGD(0.1)
        for epoch in range(10):
            weight = min(1.0, epoch / 5)
            sgd.learning_rate.assign(0.1 * max(0.0, weight))
            with tf.GradientTape() as tape:
                output = model(x, training=True)
                loss = tf.reduce_mean(tf.square(output - y)) + weight * tf.reduce_mean(output**2)
            gradients = tape.gradient(loss, model.trainable_variables)
            sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_the_factory_of_a_field():
    """What a dataclass makes for each of its objects."""
    assert_findings(
        """
        import dataclasses
        from dataclasses import field

        @dataclasses.dataclass
        class State:
            model: keras.Model
            still: object = field(default_factory=lambda: keras.optimizers.SGD(0.0))  # GP501
            sgd: object = dataclasses.field(default_factory=lambda: keras.optimizers.SGD(0.1))
            losses: list = field(default_factory=list)
            rate: float = field(default=0.1)

        for made in (State(model), State(model, keras.optimizers.Adam(0.1))):
            for optimizer in (made.still, made.sgd):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(made.model(x) - y))
                gradients = tape.gradient(loss, made.model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, made.model.trainable_variables))
                made.losses.append(float(loss))
        """
    )


def test_warm_up():
    """A schedule that starts at zero and rises is a warm-up."""
    assert_silent(
        """
        schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 100, end_learning_rate=0.1)
        adam = keras.optimizers.Adam(schedule)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        adam.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


@pytest.mark.parametrize(
    ("values", "mark"), [("[0.0, 0]", "  # GP501"), ("[0.0, 0.1]", ""), ("[0.0, low]", "")]
)
def test_pieces(values, mark):
    """A schedule of pieces is nothing if all of them are."""
    assert_findings(
        f"""
        schedules = keras.optimizers.schedules
        sgd = keras.optimizers.SGD(
            schedules.PiecewiseConstantDecay([100], {values}){mark}
        )
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_set_later():
    """A zero that is replaced before the first step is none."""
    assert_silent(
        """
        sgd = keras.optimizers.SGD(0.0)
        sgd.learning_rate = 0.1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        sgd.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


CALLED_BACK = """
class WarmUp(keras.callbacks.Callback):
    def {moment}(self, number, logs=None):
        self.model.optimizer.learning_rate.assign(0.01 * min(1.0, (number + 1) / 4))

net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
net.compile(optimizer=keras.optimizers.Adam(0.0), loss="mse"){mark}
net.fit(x, y, callbacks=[{callback}])
"""


def test_set_by_a_callback():
    """`fit` calls back before the steps; who only stops early leaves the rate as it is."""
    for moment in ("on_train_batch_begin", "on_epoch_begin"):
        assert_silent(CALLED_BACK.format(moment=moment, callback="WarmUp()", mark=""))
    other = {"moment": "on_epoch_end", "mark": ""}
    assert_silent(CALLED_BACK.format(callback="keras.callbacks.LearningRateScheduler(f)", **other))
    other["mark"] = "  # GP501"
    assert_findings(CALLED_BACK.format(callback="keras.callbacks.EarlyStopping()", **other))


def test_raised_before_a_step():
    """A run that saw another rate clears the zero that the optimizer was made with."""
    run = healthy()
    made = at(3)
    run = replace(run, optimizers=(replace(run.optimizers[0], made_at=made),))
    assert settle(Finding("the learning rate is 0", place=made), run) is Verdict.CLEARED
    assert settle(Finding("the learning rate is 0", place=at(4)), run) is None
    steps = tuple(replace(step, learning_rate=0.0) for step in run.steps)
    assert settle(Finding("", place=made), replace(run, steps=steps)) is None


def test_proven():
    """The rate was zero in every step, although gradients arrived."""
    run = with_updates(healthy(), KERNEL, BIAS, change_norm=0.0, along=None)
    steps = tuple(replace(step, learning_rate=0.0) for step in run.steps)
    assert proven(replace(run, steps=steps)) == [("GP501", 1)]


def test_a_rate_that_rises():
    """A rate that starts at zero and rises is a warm-up."""
    run = healthy()
    steps = (replace(run.steps[0], learning_rate=0.0), *run.steps[1:])
    assert proven(replace(run, steps=steps)) == []


def falling(zero: int, steps: int) -> Run:
    """A run whose rate is above zero first and zero at last."""
    run = with_updates(healthy(), KERNEL, BIAS, change_norm=0.0, along=None)
    first = run.steps[0]
    rates = [0.1] * (steps - zero) + [0.0] * zero
    made = [replace(first, index=n, learning_rate=rate) for n, rate in enumerate(rates, 1)]
    return replace(run, steps=tuple(made), counted=steps)


def test_a_schedule_that_ran_out_early():
    """Most of the run came after its end."""
    (finding,) = prove(falling(zero=90, steps=100))
    assert finding.step == 11


def test_momentum_dies_away_after_the_schedule():
    """Without a rate old momentum moves the variables for some steps more, and nothing new does."""
    run = falling(zero=90, steps=100)

    def moved(late: float) -> Run:
        steps = tuple(
            replace(
                step,
                updates=tuple(
                    replace(one, change_norm=0.4 if step.learning_rate else late)
                    for one in step.updates
                ),
            )
            for step in run.steps
        )
        return replace(run, steps=steps)

    (finding,) = prove(moved(0.001))
    assert finding.step == 11
    assert "left of their momentum" in finding.message
    assert list(prove(moved(0.2))) == []


@pytest.mark.parametrize(("zero", "steps"), [(1, 100), (30, 100), (15, 20)])
def test_a_schedule_that_ends_with_the_training(zero: int, steps: int):
    """Decay to zero is a habit; some steps more do no harm."""
    assert proven(falling(zero=zero, steps=steps)) == []


def by_hand(rate: float, *changes: float) -> Run:
    """`kernel.assign_sub(rate * gradient)` at several steps, by so much."""
    run = with_operations(
        healthy(),
        operation(12, "External", line=6, taped=False, shape=(), value=rate),
        operation(13, "Mul", (12, KERNEL_GRADIENT), line=6, taped=False),
        operation(14, "AssignSubVariableOp", (13,), 6, False, writes=frozenset({KERNEL})),
    )
    pair = Pair(KERNEL, taken_for=frozenset({KERNEL}), call=1, name="dense/kernel", handed=13)
    apply = Apply(1, (at(6),), 1, BIAS_GRADIENT + 3, "assign_sub", pairs=(pair,), call=1)
    steps = tuple(
        Step(index, 1, (Update(KERNEL, 0.8, 2.0, change),))
        for index, change in enumerate(changes, start=1)
    )
    return replace(run, applies=(apply,), steps=steps)


def test_zero_times_the_gradient():
    """A rate that comes out as 0 moves nothing that is changed by hand either."""
    (found,) = prove(by_hand(0.0, 0.0, 0.0))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)


def test_a_rate_by_hand_that_rises():
    """A warm-up begins at 0; a young run, or a change that is lost otherwise, tells nothing."""
    assert list(prove(by_hand(0.0, 0.0, 0.0, 0.1))) == []
    assert list(prove(replace(by_hand(0.0, 0.0, 0.0), finished=False))) == []
    assert list(prove(by_hand(0.1, 0.0, 0.0))) == []


def test_a_rate_of_zero_in_a_momentum():
    """`m.assign(mu * m - rate * gradient); v.assign_add(m)`: the rate stands in the first line."""
    run = by_hand(0.0, 0.0, 0.0)
    momentum = Variable(9, "momentum", (4, 4), trainable=False)
    run = with_operations(
        replace(run, variables=(*run.variables, momentum)),
        operation(14, "AssignVariableOp", (13,), 5, False, writes=frozenset({9})),
        operation(15, "ReadVariableOp", (), 6, False, reads=frozenset({9})),
        operation(16, "AssignAddVariableOp", (15,), 6, False, writes=frozenset({KERNEL})),
    )
    (found,) = prove(replace(run, applies=(replace(run.applies[0], at=16),)))
    assert found.place == at(6)
    assert found.variables == ("dense/kernel",)


def test_a_part_of_all_rounds_that_is_floored():
    """`//` of a counter by the number of rounds is 0 in nearly all of them."""
    text = """
        epochs = 20
        for epoch in range(epochs):
            {first}
            optimizer.learning_rate.assign({rate})
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    lost = "part = (epochs - epoch) // epochs  # GP501"
    assert_findings(text.format(first=lost, rate="0.1 * part"))
    assert_findings(text.format(first=lost, rate="tf.cast(part, tf.float32) * 0.1 / 2.0"))
    assert "(epochs - epoch) / epochs" in mended_snippet(text.format(first=lost, rate="0.1 * part"))
    for rate in (
        "0.1 * 0.5 ** (epoch // epochs)",
        "0.1 / (1 + epoch // epochs)",
        "0.1 * ((epoch + epochs) // epochs)",
        "0.1 * (epoch // 5 + 1)",
        "0.1 * max(0.1, epoch // epochs)",
    ):
        assert_silent(text.format(first="pass", rate=rate))


def test_a_callback_that_floors():
    """A callback is given the number of the epoch."""
    text = """
        class Ramp(keras.callbacks.Callback):
            def __init__(self, peak, epochs):
                super().__init__()
                self.peak, self.epochs = peak, epochs

            def on_epoch_begin(self, epoch, logs=None):
                part = (epoch + 1) // (self.epochs + 1)  # GP501
                keras.backend.set_value(self.model.optimizer.lr, self.peak * part)
    """
    assert_findings(text, keras="2")
    assert_silent(text.replace("1) // (", "1) / (").replace("  # GP501", ""), keras="2")
    assert_silent(text.replace("self.epochs + 1)", "self.every)").replace("  # GP501", ""), "", "2")


def test_a_warm_up_that_begins_at_zero():
    """A callback reckons the rate from what it counts; a plain 0 stays one."""
    text = """
        class WarmUp(keras.callbacks.Callback):
            def __init__(self, peak, steps):
                super().__init__()
                self.peak, self.steps, self.seen = peak, steps, 0

            def on_train_batch_begin(self, batch, logs=None):
                self.model.optimizer.learning_rate.assign({rate})
                self.seen += 1

        net = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        net.compile(optimizer=keras.optimizers.Adam(0.0), loss="mse"){mark}
        net.fit(x, y, callbacks=[WarmUp(0.01, 20)])
    """
    assert_silent(text.format(rate="self.peak * min(1.0, self.seen / self.steps)", mark=""))
    assert_findings(text.format(rate="0.0", mark="  # GP501"))


SCHEDULE = """
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, warm):
        self.peak, self.warm = peak, warm

    def __call__(self, step):
        share = {share}{mark}
        return self.peak * {given}

adam = keras.optimizers.Adam(WarmUp(0.1, 1000))
"""


def test_a_warm_up_that_floors():
    """Its share is 0 until all of it is over, and then 1."""
    given = "tf.minimum(share, 1.0)"
    share = "tf.cast(step // self.warm, tf.float32)"
    assert_findings(SCHEDULE.format(share=share, mark="  # GP501", given=given))
    whole = "tf.cast(tf.cast(step, tf.int32) // self.warm, tf.float32)"
    assert_findings(SCHEDULE.format(share=whole, mark="  # GP501", given=given))
    assert_silent(SCHEDULE.format(share="step / self.warm", mark="", given=given))


@pytest.mark.parametrize("made", ["Adam(WarmUp(0.1, 1000))", "Adam(warm_up)"])
def test_where_the_floored_warm_up_is_used(made: str):
    """The optimizer is the other end of it, where a run sees the rate."""
    share = "tf.cast(step // self.warm, tf.float32)"
    text = SCHEDULE.format(share=share, mark="", given="tf.minimum(share, 1.0)")
    text = text.replace("adam = ", "warm_up = WarmUp(0.1, 1000)\nadam = ") if "_" in made else text
    text = text.replace("Adam(WarmUp(0.1, 1000))", made)
    text = "import tensorflow as tf\nfrom tensorflow import keras\n" + text
    (found,) = find(read(text, "train.py"))
    assert found.related[0].place is not None
    assert f"optimizers.{made}" in text.splitlines()[found.related[0].place.span.line - 1]


def test_a_warm_up_that_climbs_by_steps():
    """It begins above zero, or goes on beyond 1."""
    floor = "tf.cast(step // self.warm + 1, tf.float32)"
    assert_silent(SCHEDULE.format(share=floor, mark="", given="tf.minimum(0.1 * share, 1.0)"))
    plain = "tf.cast(step // self.warm, tf.float32)"
    assert_silent(SCHEDULE.format(share=plain, mark="", given="share"))


def test_a_callback_whose_share_is_limited():
    """`min(epoch // epochs, 1)` is 0 in every epoch of the warm-up."""
    text = """
        class Ramp(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                share = min(epoch {divided} self.epochs, 1){mark}
                self.model.optimizer.learning_rate.assign(0.1 * share)
    """
    assert_findings(text.format(divided="//", mark="  # GP501"))
    assert_silent(text.format(divided="/", mark=""))


PLANNED = """
class Plan:
    def __init__(self, peak, warm_up):
        self.peak, self.warm_up = peak, warm_up

    def rate(self, step):
        share = {share}{mark}
        return self.peak * share


plan, adam = Plan(0.1, 1000), keras.optimizers.Adam(0.1)
for number in range(80):
    adam.learning_rate.assign(plan.rate(number))
"""


def test_a_method_for_the_rate_that_floors():
    """A rate that the loop asks for by its number."""
    floored = "min(1, (step + 1) // self.warm_up)"
    assert_findings(PLANNED.format(share=floored, mark="  # GP501"))
    assert_silent(PLANNED.format(share=floored.replace("//", "/"), mark=""))
    assert_silent(PLANNED.format(share="0.5 ** (step // self.warm_up)", mark=""))


FACTORS = """
factors = {{"encoder": 0.1}}
{then}


def rate_of(part):
    return 1e-3 * factors.get(part, {default}){mark}


adam = keras.optimizers.Adam(learning_rate=rate_of("head"))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
adam.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_a_factor_that_a_dict_lacks():
    """What stands in for an entry that is not there is what counts."""
    assert_findings(FACTORS.format(then="", default=0, mark="  # GP501"))
    assert_silent(FACTORS.format(then="", default=1, mark=""))
    for filled in ('factors["head"] = 1.0', "factors.update(other())", "factors.update(head=1.0)"):
        assert_silent(FACTORS.format(then=filled, default=0, mark=""))


def test_a_rate_of_a_step_by_hand():
    """`2 // batch` is 0, and the step with it; a rate that is set again may rise."""
    text = """
        batch = 50
        rate = 2 // batch{mark}
        for step in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            for g, v in zip(gradients, model.trainable_variables):
                v.assign_sub(rate * g)
            {then}
    """
    assert_findings(text.format(mark="  # GP501", then="print(loss)"))
    assert_silent(text.format(mark="", then="rate = 0.1"))
    assert_silent(text.replace("//", "/").format(mark="", then="print(loss)"))


def test_a_warm_up_by_a_counter_of_its_own():
    """`//` makes the share 0 until the warm-up is over."""
    text = """
    done = 0
    warmup = 500
    for a, b in [(x, y)] * 3:
        optimizer.learning_rate = 0.1 * min(1.0, done {how} warmup){mark}
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(a) - b))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        done += 1
    """
    assert_findings(text.format(how="//", mark="  # GP501"))
    assert_silent(text.format(how="/", mark=""))


SCHEDULED = """
epochs = 10
schedule = keras.optimizers.schedules.{schedule}
net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
net.compile(keras.optimizers.Adam(schedule), "mse")
net.fit(x, y, {fit})
"""


def test_a_schedule_that_falls_at_once():
    """A tenth in each step; some per cent are another thing."""
    fit = "epochs=epochs"
    fast = "ExponentialDecay(0.01, 1, 0.1)"
    assert_findings(SCHEDULED.format(schedule=fast + "  # GP501", fit=fit))
    assert_silent(SCHEDULED.format(schedule="ExponentialDecay(0.01, 1, 0.97)", fit=fit))
    assert_silent(SCHEDULED.format(schedule="ExponentialDecay(0.01, 100, 0.1)", fit=fit))


def test_a_schedule_that_is_given_epochs():
    """It counts steps. Where an epoch is one step, it is given the right number."""
    short = "CosineDecay(0.01, decay_steps=epochs)"
    assert_findings(SCHEDULED.format(schedule=short + "  # GP501", fit="epochs=epochs"))
    assert_silent(SCHEDULED.format(schedule=short, fit="epochs=epochs, batch_size=len(x)"))
    steps = "CosineDecay(0.01, decay_steps=epochs * 20)"
    assert_silent(SCHEDULED.format(schedule=steps, fit="epochs=epochs"))
    floor = "CosineDecay(0.01, decay_steps=epochs, alpha=0.1)"
    assert_silent(SCHEDULED.format(schedule=floor, fit="epochs=epochs"))


def test_a_rate_that_fell_to_next_to_nothing():
    """A plateau rule that lowers the rate too often; not a rate that ends a run that has learned."""
    rates = [0.05 * 0.1 ** (index // 2) for index in range(40)]
    run = grown([1.0] * 40, [2.0] * 40)
    steps = tuple(
        replace(step, learning_rate=rate) for step, rate in zip(run.steps, rates, strict=True)
    )
    (found,) = prove(replace(run, steps=steps))
    assert found.step == 15
    assert "since step 15 of 40" in found.message
    assert not [*prove(replace(run, steps=steps[:24]))]
    learned = tuple(replace(step, loss=1e-4 if step.index > 20 else 2.0) for step in steps)
    assert not [*prove(replace(run, steps=learned))]
    slower = tuple(replace(step, learning_rate=0.05 * 0.7**step.index) for step in steps)
    assert not [*prove(replace(run, steps=slower))]


ANNEALED = """
    def anneal(start, epoch, epochs):
        return start * {share}{mark}

    def descend({name}):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        for v, g in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
            v.assign_sub({name} * g)

    for epoch in range(30):
        descend(anneal(0.2, epoch, 30))
"""


def test_a_share_of_all_epochs_that_floors():
    """`epoch // epochs` is 0 in every one of them; of what is no rate nothing is said."""
    floored = {"share": "(epoch // epochs)", "name": "rate"}
    assert_findings(ANNEALED.format(**floored, mark="  # GP501"))
    assert_silent(ANNEALED.format(**{**floored, "share": "(1 - epoch / epochs)"}, mark=""))
    assert_silent(ANNEALED.format(**{**floored, "name": "weight"}, mark=""))
