"""Lists of gradients and of variables that differ."""

from __future__ import annotations

from dataclasses import replace

from records import BIAS, KERNEL, healthy, proven, with_apply
from snippets import assert_findings, assert_silent, suspects


def test_different_models():
    """Gradients of one network on the variables of another."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, encoder.trainable_variables))  # GP403
        """
    )


def test_networks_without_names():
    """Of their variables nothing is said but that they are others."""
    (diagnosis,) = suspects(
        """
import tensorflow as tf
from tensorflow import keras


class Pair(keras.Model):
    def __init__(self, left, right):
        super().__init__()
        self.left, self.right = left, right

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.left(data)))
        gradients = tape.gradient(loss, self.left.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.right.trainable_weights))
        return {"loss": loss}


left = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
right = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
pair = Pair(left, right)
pair.compile(keras.optimizers.Adam(1e-4))
pair.fit(tf.random.normal((128, 4)))
"""
    )
    assert diagnosis.fault.code == "GP403"
    assert diagnosis.message == (
        "these gradients were taken for other variables, and are applied to these"
    )


def test_reversed():
    """The same list, but the other way round."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, reversed(variables)))  # GP403
        """
    )


def test_two_names():
    """Two names for one list are one list."""
    assert_silent(
        """
        variables = decoder.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_clipped():
    """Clipping keeps the order."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
        gradients = [tf.clip_by_value(gradient, -1.0, 1.0) for gradient in gradients]
        optimizer.apply_gradients(zip(gradients, model.trainable_weights))
        """
    )


def test_proven():
    """Each variable got the gradient of the other one."""
    first, second = healthy().applies[0].pairs
    pairs = (
        replace(first, taken_for=frozenset({BIAS})),
        replace(second, taken_for=frozenset({KERNEL})),
    )
    assert proven(with_apply(healthy(), pairs=pairs)) == [("GP403", 6)]


def test_unknown_is_silent():
    """A gradient that can't be followed accuses nobody."""
    pairs = tuple(replace(pair, taken_for=None) for pair in healthy().applies[0].pairs)
    assert proven(with_apply(healthy(), pairs=pairs)) == []


def test_a_shifted_slice():
    """Each gradient lands on the next variable."""
    assert_findings(
        """
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables[1:]))  # GP403
        optimizer.apply_gradients(zip(gradients[1:], variables[1:]))
        """
    )


def test_gradients_without_the_missing_ones():
    """What is left moves up, if any was None; pairs that are filtered stay pairs."""
    assert_findings(
        """
        class Two(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.layers.Dense(2)
                self.second = keras.layers.Dense(2)

            def call(self, inputs):
                return self.second(inputs)

        two = Two()
        two(x)
        variables = two.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean(tf.square(two(x) - y))
        gradients = [g for g in tape.gradient(loss, variables) if g is not None]
        optimizer.apply_gradients(zip(gradients, variables))  # GP403
        pairs = [(g, v) for g, v in zip(tape.gradient(loss, variables), variables) if g is not None]
        optimizer.apply_gradients(pairs)
        """
    )


def test_a_filter_that_finds_nothing():
    """Where every gradient exists, nothing is left out."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        found = tape.gradient(loss, model.trainable_variables)
        gradients = [g for g in found if g is not None]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
