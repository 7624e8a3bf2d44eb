"""Calls that the optimizer does not understand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash
from records import at, healthy, proven, with_apply
from snippets import assert_findings, assert_silent, mended, mended_snippet


def test_two_arguments():
    """Gradients and variables as two arguments."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(gradients, model.trainable_variables)  # GP406
        """
    )


def test_swapped():
    """Variables first, gradients second."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(model.trainable_variables, gradients))  # GP406
        """
    )


LONE = """
    scale = tf.Variable(5.0)
    with tf.GradientTape() as tape:
        loss = tf.square(scale - 3.0)
    optimizer.apply_gradients({given}){mark}
"""


def test_a_pair_that_is_in_no_list():
    """One pair alone is taken for a list of pairs."""
    pair = "(tape.gradient(loss, scale), scale)"
    assert_findings(LONE.format(given=pair, mark="  # GP406"))
    assert_silent(LONE.format(given=f"[{pair}]", mark=""))
    assert mended_snippet(LONE.format(given=pair, mark="")).strip().endswith(f"([{pair}])")


def test_arrays_in_place_of_variables():
    """`get_weights` gives copies of the values, and no optimizer can change those."""
    text = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, GIVEN))"""
    assert_findings(text.replace("GIVEN", "model.get_weights()") + "  # GP406")
    assert_silent(text.replace("GIVEN", "model.trainable_weights"))


def test_apply_of_keras_3():
    """`apply` of Keras 3 takes two lists."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        """
    )


def test_pairs_for_apply_of_keras_3():
    """`apply` of Keras 3 takes no pairs; what it takes is in them."""
    code = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(PAIRS)MARK
        """
    pairs = "zip(gradients, model.trainable_variables)"
    bad = code.replace("PAIRS", pairs).replace("MARK", "  # GP406")
    assert_findings(bad)
    assert "apply(gradients, model.trainable_variables)" in mended_snippet(bad)
    assert_findings(code.replace("PAIRS", f"list({pairs})").replace("MARK", "  # GP406"))


def test_minimize_with_a_function():
    """tf-keras minimizes a function."""
    assert_silent(
        """
        optimizer.minimize(lambda: tf.reduce_mean(tf.square(model(x) - y)), model.trainable_variables)
        """,
        keras="2",
    )


KERAS_3 = """\
import keras
import tensorflow as tf

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
x, y = tf.ones((8, 4)), tf.ones((8, 1))


def cost():
    return tf.reduce_mean(tf.square(model(x) - y))


for _ in range(10):
    optimizer.minimize({given}, model.trainable_variables)
"""


@pytest.mark.parametrize(
    ("given", "loss"),
    [("cost", "cost()"), ("lambda: tf.reduce_sum(model(x) ** 2)", "tf.reduce_sum(model(x) ** 2)")],
)
def test_keras_3_has_no_minimize(given, loss):
    """What it did with a function is written out with a tape."""
    after = mended(KERAS_3.format(given=given))
    assert after is not None
    assert after.endswith(
        f"""\
for _ in range(10):
    with tf.GradientTape() as tape:
        loss = {loss}
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), \
model.trainable_variables))
"""
    )


def test_keras_3_has_no_minimize_for_a_number():
    """A function that gives back what is there already would be no mend."""
    for given in ("lambda: loss", "loss"):
        text = KERAS_3.replace("for _ in range(10):", "loss = cost()\nfor _ in range(10):")
        assert "lambda: lambda" not in (mended(text.format(given=given)) or "")


def test_the_kind_of_optimizer_is_asked():
    """A wrapper that has `minimize` is told from others by a flag, which a function sets."""
    text = """\
def is_private(optimizer):
    return privacy is not None and isinstance(optimizer, privacy.PrivateAdam)

class Trainer:
    def __init__(self, model, optimizer, private):
        self.model, self.optimizer, self.verbose = model, optimizer, private
        private = is_private(optimizer)
        self.private = private

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(x) - y))
        if self.{flag}:
            self.optimizer.minimize(loss, self.model.trainable_variables, tape=tape){mark}
        else:
            gradients = tape.gradient(loss, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))

Trainer(model, optimizer, unknown.flag).step(x, y)
"""
    assert_silent(text.format(flag="private", mark=""))
    assert_findings(text.format(flag="verbose", mark="  # GP406"))


def test_proven():
    """Two lists raised a TypeError."""
    error = "TypeError: apply_gradients() takes 2 positional arguments but 3 were given"
    run = with_apply(healthy(), pairs=(), given="two lists", error=error)
    crash = Crash("TypeError", error, (at(6),))
    assert proven(replace(run, steps=(), crash=crash)) == [("GP406", 6)]
    run = with_apply(run, given="pairs apart")
    assert proven(replace(run, steps=(), crash=crash)) == [("GP406", 6)]
    run = with_apply(run, given="arrays")
    assert proven(replace(run, steps=(), crash=crash)) == [("GP406", 6)]


def test_one_gradient_that_is_zipped():
    """The gradient of one variable is no list: `zip` gives its rows."""
    text = """
        w = tf.Variable(tf.zeros((4, 4)))
        for step in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w - y))
            gradients = tape.gradient(loss, {source})
            optimizer.apply_gradients({pairs})
    """
    marked = text.rstrip() + "  # GP406\n"
    assert_findings(marked.format(source="w", pairs="zip(gradients, [w])"))
    assert_silent(text.format(source="[w]", pairs="zip(gradients, [w])"))
    assert_silent(text.format(source="w", pairs="zip([gradients], [w])"))
    assert_silent(text.format(source="w", pairs="[(gradients, w)]"))


def test_lists_in_lists_of_one():
    """One pair of two lists; for the gradient of one variable that is the right form."""
    text = """
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip([gradients], [model.trainable_variables]))  # GP406
    """
    assert_findings(text)
    assert "zip(gradients, model.trainable_variables)" in mended_snippet(text)
    assert_silent(
        """
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(w * x - y))
        gradient = tape.gradient(loss, w)
        optimizer.apply_gradients(zip([gradient], [w]))
        """
    )
