"""Edge cases of optimizer-swapped-under-trace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash
from gradproof.evidence.stale import Replaced
from gradproof.faults.optimizer_swapped_under_trace import prove
from records import at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent

TRAINER = """
class Trainer:
    def __init__(self, optimizer):
        self.optimizer = optimizer

    {decorator}
    def train(self, batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch) - batch))
        gradients = tape.gradient(loss, model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, model.trainable_variables))

trainer = Trainer(keras.optimizers.Adam(1e-2))
for batch in (x, y):
    trainer.train(batch)
"""


def test_attribute_set_from_outside():
    """Another optimizer after the first phase."""
    assert_findings(
        TRAINER.format(decorator="@tf.function")
        + """
trainer.optimizer = keras.optimizers.SGD(1e-3)  # GP408
trainer.train(x)
"""
    )


def test_global_name():
    """A module-level name that a traced function looks up."""
    assert_findings(
        """
        chosen = keras.optimizers.Adam(1e-2)

        @tf.function
        def train(batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(batch) - batch))
            gradients = tape.gradient(loss, model.trainable_variables)
            chosen.apply_gradients(zip(gradients, model.trainable_variables))

        train(x)
        chosen = keras.optimizers.SGD(1e-3)  # GP408
        train(x)
        """
    )


def test_never_traced_again():
    """Replaced, and the traced step is not called any more."""
    assert_silent(
        TRAINER.format(decorator="@tf.function")
        + """
trainer.optimizer = keras.optimizers.SGD(1e-3)
"""
    )


def test_eager_step():
    """A step that is not traced looks the optimizer up each time."""
    assert_silent(
        TRAINER.format(decorator="")
        + """
trainer.optimizer = keras.optimizers.SGD(1e-3)
trainer.train(x)
"""
    )


def test_another_trainer():
    """A second object with its own optimizer is traced by itself."""
    assert_silent(
        TRAINER.format(decorator="@tf.function")
        + """
second = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
other = Trainer(keras.optimizers.SGD(1e-3))
other.optimizer = keras.optimizers.SGD(1e-2)
other.train(x)
"""
    )


def test_traced_again():
    """A new `tf.function` for the new optimizer."""
    assert_silent(
        """
        class Trainer:
            def __init__(self, optimizer):
                self.set(optimizer)

            def set(self, optimizer):
                self.optimizer = optimizer
                self.train = tf.function(self.train_once)

            def train_once(self, batch):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(batch) - batch))
                gradients = tape.gradient(loss, model.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        trainer = Trainer(keras.optimizers.Adam(1e-2))
        trainer.train(x)
        trainer.set(keras.optimizers.SGD(1e-3))
        trainer.train(x)
        """
    )


def test_learning_rate_of_the_old_one():
    """The rate of the optimizer changes, not the object."""
    assert_silent(
        TRAINER.format(decorator="@tf.function")
        + """
trainer.optimizer.learning_rate = 1e-3
trainer.train(x)
"""
    )


def test_the_old_one_has_come_to_its_end():
    """That the held optimizer's rate is 0 by then follows from it."""
    run = healthy()
    new = replace(run.optimizers[0], key=2, name="SGD")
    seen = Replaced("self.optimizer", "step", at(5), held=1, now=2, call=9)
    run = replace(run, optimizers=(*run.optimizers, new), replaced=(seen,))
    assert [one.symptoms for one in prove(run)] == [()]
    steps = tuple(replace(step, learning_rate=0.0) for step in run.steps)
    assert [one.symptoms for one in prove(replace(run, steps=steps))] == [("learning-rate-zero",)]


IN_A_DICT = """
class Trainer:
    def __init__(self):
        self.state = {"optimizer": None, "phase": ""}

    def enter(self, phase, optimizer):
        CHANGE

    @tf.function
    def step(self, batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch) - batch))
        gradients = tape.gradient(loss, model.trainable_variables)
        self.state["optimizer"].apply_gradients(zip(gradients, model.trainable_variables))

trainer = Trainer()
trainer.enter("warm", keras.optimizers.Adam(1e-2))
trainer.step(x)
trainer.enter("fine", keras.optimizers.SGD(1e-3))
trainer.step(x)
"""


def test_an_entry_of_a_dict():
    """The traced function goes on with what stood there when it was traced."""
    by_key = 'self.state["optimizer"] = optimizer'
    at_once = "self.state.update(optimizer=optimizer, phase=phase)"
    for change in (by_key, at_once, 'self.state.update({"optimizer": optimizer})'):
        assert_findings(IN_A_DICT.replace("CHANGE", f"{change}  # GP408"))
        anew = f"{change}; self.step = tf.function(type(self).step.python_function)"
        assert_silent(IN_A_DICT.replace("CHANGE", anew))
    assert_silent(IN_A_DICT.replace("CHANGE", by_key.replace('optimizer"]', 'next"]')))


@pytest.mark.parametrize("swap", ["cool()", 'state["optimizer"] = keras.optimizers.SGD(1e-4)'])
def test_swapped_in_a_later_epoch(swap: str):
    """The branch is met before the first step is; what stood there before was traced."""
    text = """
        state = {"optimizer": keras.optimizers.Adam(0.05)}

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            state["optimizer"].apply_gradients(zip(gradients, model.trainable_variables))

        def cool():
            state["optimizer"] = keras.optimizers.SGD(1e-4)COOL

        for epoch in range(9):
            if epoch == TURN:
                SWAP
            step()
    """.replace("TURN", "5")
    inside = swap == "cool()"
    text = text.replace("COOL", "  # GP408" if inside else "")
    assert_findings(text.replace("SWAP", swap if inside else f"{swap}  # GP408"))


def test_chosen_before_the_first_step():
    """Either optimizer is there for good."""
    assert_silent("""
        import sys

        state = {"optimizer": keras.optimizers.Adam(0.05)}
        if len(sys.argv) > 1:
            state["optimizer"] = keras.optimizers.SGD(0.1)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            state["optimizer"].apply_gradients(zip(gradients, model.trainable_variables))

        for epoch in range(9):
            step()
    """)


def test_made_in_the_first_round():
    """A condition on the number of the round holds once."""
    assert_silent("""
        state = {"optimizer": None}

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            state["optimizer"].apply_gradients(zip(gradients, model.trainable_variables))

        for number in range(9):
            if number == 0:
                state["optimizer"] = keras.optimizers.Adam(0.05)
            step()
    """)


SECOND = """
@tf.function
def train(net, chosen, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    gradients = tape.gradient(loss, net.trainable_variables)
    chosen.apply_gradients(zip(gradients, net.trainable_variables)){mark}

first, second = {first}, {second}
{before}
for net, chosen in ((encoder, first), (model, second)):
    {each}
    for _ in range(9):
        train(net, chosen, x, y)
"""
ADAM = "keras.optimizers.Adam(0.01)"


def test_a_second_optimizer_as_an_argument():
    """It would make its state when the function is traced again, and the program ends."""
    text = SECOND.format(mark="  # GP408", first=ADAM, second=ADAM, before="", each="pass")
    assert_findings(text)


@pytest.mark.parametrize(
    ("second", "before", "each"),
    [
        (ADAM, "first.build(encoder.trainable_variables); second.build(model.weights)", "pass"),
        (ADAM, "tf.config.run_functions_eagerly(True)", "pass"),
        ("keras.optimizers.SGD(0.01)", "", "pass"),
    ],
)
def test_second_optimizers_that_need_no_new_variables(second: str, before: str, each: str):
    """They were built before, or keep nothing, or nothing is traced."""
    assert_silent(SECOND.format(mark="", first=ADAM, second=second, before=before, each=each))


def test_two_optimizers_in_each_call():
    """Both make their state in the first trace."""
    assert_silent(
        """
        first, second = keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)

        @tf.function
        def train(x, y):
            with tf.GradientTape(persistent=True) as tape:
                loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
            for net, chosen in ((encoder, first), (decoder, second)):
                gradients = tape.gradient(loss, net.trainable_variables)
                chosen.apply_gradients(zip(gradients, net.trainable_variables))

        for _ in range(9):
            train(x, y)
        """
    )


def test_another_optimizer_that_is_never_asked():
    """A call with what the function has met is not traced again: the first one goes on."""
    text = """
        @tf.function
        def train(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            held["now"].apply_gradients(zip(gradients, model.trainable_variables))

        held = {"now": keras.optimizers.Adam(0.01)}
        train(x, y)
        held["now"] = keras.optimizers.Adam(0.001)  # GP408
        train(x, y)
    """
    assert_findings(text)


def test_a_step_for_each_object():
    """A method is traced for each object by itself."""
    text = TRAINER.format(decorator="@tf.function")
    assert_silent(text + "other = Trainer(keras.optimizers.Adam(1e-2))\nother.train(x)\n")


def test_a_second_optimizer_that_was_refused():
    """The crash says that variables were made too late, and where gradients were handed over."""
    message = "tf.function only supports singleton tf.Variables created on the first call."
    run = with_apply(healthy(), traced=True)
    place = run.applies[0].place
    assert place is not None
    run = replace(run, crash=Crash("ValueError", message, (at(2), place)))
    assert proven(run) == [("GP408", place.line)]
    inner = replace(run.optimizers[0], during="trace")
    assert not list(prove(replace(run, optimizers=(inner,))))
    elsewhere = replace(run, crash=Crash("ValueError", message, (at(2),)))
    assert not list(prove(elsewhere))
