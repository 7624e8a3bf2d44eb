"""Edge cases of learning-rate-copied."""

from __future__ import annotations

from dataclasses import replace
from textwrap import indent

import pytest

from gradproof.evidence.ledger import CopiedRate
from gradproof.faults.learning_rate_copied import prove
from records import at, healthy
from snippets import assert_findings, assert_silent

TRAINER = """
class Trainer:
    def __init__(self):
        self.rate = 0.1
        self.optimizer = keras.optimizers.SGD(self.rate)

    def step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    def decay(self):
        self.rate *= 0.5{mark}
        {then}


trainer = Trainer()
for epoch in range(3):
    trainer.step()
    trainer.decay()
"""


def test_attribute_that_nobody_reads():
    """The optimizer copied the number."""
    assert_findings(TRAINER.format(mark="  # GP502", then="pass"))


def test_handed_on():
    """The new value is given to the optimizer."""
    assert_silent(TRAINER.format(mark="", then="self.optimizer.learning_rate = self.rate"))


STEPS = """
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""
RATE = "rate = tf.Variable(0.1, trainable=False)\n"
MADE = "optimizer = keras.optimizers.SGD(learning_rate=float(rate))"


def test_the_number_of_a_variable():
    """What is assigned after the number was taken changes the variable only."""
    falls = STEPS + "    rate.assign(rate * 0.9)\n"
    assert_findings(RATE + MADE + "  # GP502" + falls)
    assert_findings(RATE + MADE.replace("float(rate)", "rate.numpy()") + "  # GP502" + falls)
    assert_silent(RATE + MADE + falls + "    optimizer.learning_rate.assign(rate)\n")
    assert_silent(RATE + "rate.assign(0.01)\n" + MADE + STEPS)


def test_an_optimizer_for_each_phase():
    """Who makes the optimizer anew takes the new number."""
    phase = indent(MADE + STEPS + "rate.assign(rate * 0.1)\n", "    ")
    assert_silent(RATE + "for phase in range(2):\n" + phase)


VARIABLE = """
rate = tf.Variable(0.1, trainable=False)
optimizer = keras.optimizers.SGD(rate){mark}
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    {holder}.assign(0.05)
"""


def test_a_variable_that_is_assigned():
    """tf-keras copies it; the assignment goes nowhere."""
    text = VARIABLE.format(mark="  # GP502", holder="rate")
    assert_findings(text, keras="2")


def test_a_variable_that_stays():
    """It gives the first value only; the optimizer's own variable changes."""
    assert_silent(VARIABLE.format(mark="", holder="optimizer.learning_rate"), keras="2")


def test_a_variable_that_changed_in_vain():
    """The variable fell, the rate in force did not."""
    copied = CopiedRate(1, "rate", "variable", 0.1, 0.025, 40, 11)
    (found,) = prove(replace(healthy(), copied_rates=(copied,)))
    assert found.place == at(1)
    assert found.step == 11
    assert found.message.startswith("after 40 steps `rate` is 0.025")
    assert "still 0.1" in found.message


def test_a_name_that_changed_in_vain():
    """Where a plain name is changed, a run does not know."""
    copied = CopiedRate(1, "self.rate", "name", 0.1, 0.025, 40, 11)
    (found,) = prove(replace(healthy(), copied_rates=(copied,)))
    assert found.place is None
    assert found.related[0].place == at(1)


ASKED = """
schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
optimizer = keras.optimizers.SGD({given}){mark}
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    {then}
"""


@pytest.mark.parametrize("given", ["float(schedule(0))", "schedule(0).numpy()"])
def test_a_schedule_that_is_asked_once(given: str):
    """What it gives for the first step stays."""
    assert_findings(ASKED.format(given=given, mark="  # GP502", then="pass"))


@pytest.mark.parametrize(
    ("given", "then"),
    [
        ("float(schedule(0))", "optimizer.learning_rate.assign(schedule(10 * epoch))"),
        ("schedule", "pass"),
    ],
)
def test_a_schedule_that_is_followed(given: str, then: str):
    """By the program, or by the optimizer itself."""
    assert_silent(ASKED.format(given=given, mark="", then=then))


def test_a_schedule_that_fell_in_vain():
    """The optimizer was given its first value; while a run goes on, it may get the next one."""
    copied = CopiedRate(1, "schedule", "schedule", 0.1, 0.025, 40, 11)
    run = replace(healthy(), copied_rates=(copied,), finished=True)
    (found,) = prove(run)
    assert (found.place, found.related) == (at(1), ())
    assert found.message.startswith("after 40 steps `schedule` gives 0.025")
    assert not list(prove(replace(run, finished=False)))


def test_nothing_changed():
    """A run in which the rate stays as it was made."""
    assert not list(prove(healthy()))


def test_a_rate_in_a_namespace():
    """`SimpleNamespace(rate=...)` is a settings object like any other."""
    text = """
        from types import SimpleNamespace

        settings = SimpleNamespace(rate=0.1, epochs=9)
        adam = keras.optimizers.Adam(settings.rate)
        for epoch in range(settings.epochs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            adam.apply_gradients(zip(gradients, model.trainable_variables))
            settings.rate *= 0.5{then}
    """
    assert_findings(text.format(then="  # GP502"))
    assert_silent(text.format(then="; adam.learning_rate.assign(settings.rate)"))


SCALED = """
import argparse

options = argparse.ArgumentParser().parse_args()
settings = {{"rate": 0.1}}
rate = 0.1


def decay(epoch):
    global rate
    if epoch == 5 and {slot} > 1e-4:
        {slot} = {slot} * 0.5{mark}
        print("the rate is", {slot})
        {then}


adam = keras.optimizers.Adam(learning_rate={slot})
for epoch in range(9):
    decay(epoch)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(gradients, model.trainable_variables))
"""


@pytest.mark.parametrize("slot", ["rate", "options.rate", 'settings["rate"]'])
def test_what_the_rate_was_read_from_falls(slot: str):
    """A name, an option or an entry of a dict: the optimizer has the number that it was."""
    assert_findings(SCALED.format(slot=slot, mark="  # GP502", then="pass"))
    handed_on = f"adam.learning_rate.assign({slot})"
    assert_silent(SCALED.format(slot=slot, mark="", then=handed_on))


@pytest.mark.parametrize("slot", ["rate", "options.rate", 'settings["rate"]'])
def test_what_the_rate_was_read_from_is_used(slot: str):
    """Something else takes the new value: nobody knows what for."""
    assert_silent(SCALED.format(slot=slot, mark="", then=f"other({slot})"))


def test_a_name_that_falls_from_phase_to_phase():
    """Each phase makes its optimizer with the new value."""
    phase = indent(MADE.replace("float(rate)", "rate") + STEPS + "rate *= 0.1\n", "    ")
    assert_silent("rate = 0.1\nfor phase in range(2):\n" + phase)
    function = indent(MADE.replace("float(rate)", "rate") + STEPS, "    ")
    calls = "rate = 0.1\ntrain(rate)\nrate *= 0.1\ntrain(rate)\n"
    assert_silent("def train(rate):\n" + function + calls)
    anew = 'settings = {"rate": 0.1}\ntrain(settings)\nsettings["rate"] *= 0.1\ntrain(settings)\n'
    assert_silent("def train(settings):\n" + function.replace("=rate", '=settings["rate"]') + anew)


def test_the_config_of_an_optimizer_is_a_copy():
    """`get_config` gives a new dict; a rate that is lowered in it lowers nothing."""
    text = """
        settings = optimizer.get_config()
        for epoch in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            settings["learning_rate"] *= 0.9{mark}
            {then}
    """
    assert_findings(text.format(mark="  # GP502", then='print(settings["learning_rate"])'))
    assert_silent(text.format(mark="", then='optimizer.learning_rate = settings["learning_rate"]'))
    assert_silent(text.format(mark="", then="other = keras.optimizers.SGD.from_config(settings)"))
