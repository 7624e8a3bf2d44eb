"""One optimizer, two lists of variables."""

from __future__ import annotations

from dataclasses import replace

from gradproof.evidence.run import Crash
from gradproof.faults.optimizer_bound_to_old_variables import prove
from records import KERNEL, at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent, suspects


def test_first_a_part():
    """A part first, the whole later: the whole is unknown."""
    assert_findings(
        """
        for variables in (decoder.trainable_variables, model.trainable_variables):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(gradients, variables))  # GP407
        """
    )


def test_told_once():
    """Variables that each round makes anew are strangers again at the same call: one finding."""
    assert_findings(
        """
        def first():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        def second():
            scale = tf.Variable(1.0)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(scale * x - y))
            optimizer.apply_gradients(zip(tape.gradient(loss, [scale]), [scale]))
        for _ in range(9):
            first()
            second()  # GP407
        """
    )


NETWORKS = """
import tensorflow as tf

def net(size):
    return tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(size)])

first, second, third = net(4), net(4), net(4)
adam = tf.keras.optimizers.Adam()

def update(x, y):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(third(second(first(x))) - y))
    gradients = [tape.gradient(loss, one.trainable_variables) for one in (first, second)]
    last = tape.gradient(loss, third.trainable_variables)
    adam.apply_gradients(zip(gradients[0], first.trainable_variables))
    adam.apply_gradients(zip(gradients[1], second.trainable_variables))
    adam.apply_gradients(zip(last, third.trainable_variables))

update(tf.ones((8, 4)), tf.ones((8, 4)))
"""


def test_networks_of_one_line():
    """Networks that one function makes, one after another: the second call raises, and is named."""
    (found,) = suspects(NETWORKS)
    assert found.fault.code == "GP407"
    assert found.place is not None
    assert "second" in NETWORKS.splitlines()[found.place.line - 1]


def test_built_for_all():
    """An optimizer that was built for all knows every part."""
    assert_silent(
        """
        optimizer.build(model.trainable_variables)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(encoder(x) - y))
        gradients = tape.gradient(loss, encoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_made_anew():
    """A new optimizer for each phase is right."""
    assert_silent(
        """
        for net in (encoder, decoder):
            fresh = keras.optimizers.SGD(0.1)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x) - y))
            gradients = tape.gradient(loss, net.trainable_variables)
            fresh.apply_gradients(zip(gradients, net.trainable_variables))
        """
    )


def test_proven():
    """The optimizer met a variable that it was not built for."""
    error = "ValueError: Unknown variable"
    run = with_apply(healthy(), known=frozenset({KERNEL}), error=error)
    crash = Crash("ValueError", error, (at(6),))
    assert proven(replace(run, steps=(), crash=crash)) == [("GP407", 6)]


def test_the_step_that_brings_the_others():
    """Two calls of one function part where it is called, which says more than `main()`."""
    error = "ValueError: Unknown variable"
    first = with_apply(healthy(), stack=(at(30), at(8), at(6)), pairs=()).applies[0]
    run = with_apply(healthy(), known=frozenset({KERNEL}), error=error)
    apply = replace(run.applies[0], key=2, stack=(at(30), at(9), at(6)))
    run = replace(run, applies=(first, apply), steps=(), crash=Crash("ValueError", error, (at(6),)))
    (found,) = prove(run)
    assert found.place == at(9)
    assert [there.place for there in found.related] == [at(6)]
