"""Lists of variables that are read too early."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.layers import ListRead
from gradproof.evidence.run import Run
from records import BIAS, KERNEL, at, healthy, left_out, proven, with_apply
from snippets import assert_findings, assert_silent


def test_unbuilt_sequential():
    """A `Sequential` without an input shape has no variables yet."""
    assert_findings(
        """
        net = keras.Sequential([keras.layers.Dense(4)])
        variables = net.trainable_variables  # GP103
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_built_by_input():
    """An input shape builds the model at once."""
    assert_silent(
        """
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
        variables = net.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_built_by_a_call():
    """A call on a batch builds the model before the list is read."""
    assert_silent(
        """
        net = keras.Sequential([keras.layers.Dense(4)])
        net(x)
        variables = net.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_read_in_the_step():
    """Read after the forward pass, the list is full."""
    assert_silent(
        """
        net = keras.Sequential([keras.layers.Dense(4)])
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            variables = net.trainable_variables
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))
        """
    )


def test_proven():
    """An empty list from an unbuilt model went into the gradient call."""
    run = left_out(left_out(healthy(), KERNEL), BIAS)
    run = with_apply(run, given="empty")
    run = replace(run, steps=(), reads=(ListRead("Net", built=False, count=0, place=at(1)),))
    assert proven(run) == [("GP103", 1)]


WALKED = """
    layers = [keras.layers.Dense(4), keras.layers.Dense(4)]

    def forward(inputs):
        for layer in layers:
            inputs = layer(inputs)
        return inputs

    {before}
    {read}
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(forward(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
"""


def test_lists_of_layers_that_are_put_together():
    """A comprehension over layers without variables is as empty as their lists."""
    read = "variables = [one for layer in layers for one in layer.trainable_variables]"
    assert_findings(WALKED.format(before="pass", read=f"{read}  # GP103"))
    assert_silent(WALKED.format(before="forward(x)", read=read))


def test_beside_another_variable():
    """What is unpacked into a list is as empty as where it comes from."""
    read = "variables = [*layers[0].trainable_variables, *layers[1].trainable_variables]"
    assert_findings(WALKED.format(before="pass", read=f"{read}  # GP103"))
    assert_silent(WALKED.format(before="forward(x)", read=read))


def early(count: int) -> Run:
    """The list of a model was read when it had so many variables; the kernel is in no list."""
    run = left_out(healthy(), KERNEL)
    read = ListRead("Net", built=False, count=count, place=at(1), variables=(KERNEL, BIAS))
    return replace(run, reads=(read,))


def test_a_list_that_had_some_already():
    """A layer makes one variable when it is made, and the others when it is called."""
    assert proven(early(count=1)) == [("GP103", 1)]


def test_a_list_that_was_read_again():
    """The list that is trained has another length than the one that was read early."""
    assert ("GP103", 1) not in proven(early(count=0))


TRAINER = """
from dataclasses import dataclass

@dataclass
class Settings:
    rate: float = 0.1

@dataclass
class Trainer(Settings):
    units: int = 4

    def __post_init__(self):
        self.head = keras.layers.Dense(self.units)
        {build}
        self.variables = encoder.trainable_variables + self.head.trainable_variables{mark}
        self.optimizer = keras.optimizers.SGD(self.rate)

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.head(encoder(x)) - y))
        gradients = tape.gradient(loss, self.variables)
        self.optimizer.apply_gradients(zip(gradients, self.variables))

trainer = Trainer(0.2)
for _ in range(3):
    trainer.step(x, y)
"""


def test_after_the_fields():
    """A dataclass makes its layers in `__post_init__`."""
    assert_findings(TRAINER.format(build="pass", mark="  # GP103"))
    assert_silent(TRAINER.format(build="self.head.build((None, 4))", mark=""))
