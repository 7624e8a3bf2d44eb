"""Variables that are made while a function is traced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.applies import Optimizer
from gradproof.evidence.run import Crash
from records import at, healthy, proven
from snippets import assert_findings, assert_silent


def test_decorated():
    """An optimizer made in a decorated step."""
    assert_findings(
        """
        @tf.function
        def train(inputs, targets):
            adam = keras.optimizers.Adam(0.01)  # GP409
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(inputs) - targets))
            gradients = tape.gradient(loss, model.trainable_variables)
            adam.apply_gradients(zip(gradients, model.trainable_variables))

        for _ in range(3):
            train(x, y)
        """
    )


@pytest.mark.parametrize(
    ("layer", "mark"),
    [
        ("Flatten()", ""),
        ("Lambda(lambda z: z * 2.0)", ""),
        ("Reshape((1,))", ""),
        ("Dropout(0.1)", "  # GP409"),
    ],
)
def test_layers_with_and_without_variables(layer: str, mark: str):
    """One that keeps nothing may be made at each trace; chance is kept in a variable."""
    assert_findings(
        f"""
        @tf.function
        def train(inputs, targets):
            with tf.GradientTape() as tape:
                found = keras.layers.{layer}(model(inputs)){mark}
                loss = tf.reduce_mean(tf.square(found - targets))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        for _ in range(3):
            train(x, y)
        """
    )


def test_eager():
    """In eager code it runs; what it loses is another fault."""
    assert_silent(
        """
        def train(inputs, targets):
            sgd = keras.optimizers.SGD(0.01)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(inputs) - targets))
            gradients = tape.gradient(loss, model.trainable_variables)
            sgd.apply_gradients(zip(gradients, model.trainable_variables))

        train(x, y)
        """
    )


def test_made_once():
    """A variable made behind `is None` is made once."""
    assert_silent(
        """
        class Counter(tf.Module):
            def __init__(self):
                super().__init__()
                self.count = None

            @tf.function
            def __call__(self):
                if self.count is None:
                    self.count = tf.Variable(0)
                return self.count.assign_add(1)

        Counter()()
        """
    )


def test_proven():
    """An optimizer was made while the function was traced that then refused."""
    run = replace(
        healthy(),
        optimizers=(Optimizer(1, "Adam", made_at=at(1), during="trace"),),
        crash=Crash(
            "ValueError", "tf.function only supports singleton tf.Variables created", (at(6),)
        ),
    )
    assert proven(run) == [("GP409", 1)]


def test_made_by_an_object_that_the_function_makes():
    """The object has state of its own, so making it makes a variable."""
    text = """
        class Average:
            def __init__(self):
                self.value = tf.Variable(0.0)

        {before}
        @tf.function
        def train(inputs, targets):
            {inside}
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(inputs) - targets))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            average.value.assign(0.9 * average.value + 0.1 * loss)

        for _ in range(3):
            train(x, y)
    """
    assert_findings(text.format(before="", inside="average = Average()  # GP409"))
    assert_silent(text.format(before="average = Average()", inside="pass"))


def test_a_metric():
    """A metric has variables; one that is made before does no harm."""
    text = """
        {before}

        @tf.function
        def step(x, y):
            {inside}
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            seen.update_state(loss)

        step(x, y)
    """
    made = "seen = keras.metrics.Mean()"
    assert_findings(text.format(before="pass", inside=made + "  # GP409"))
    assert_silent(text.format(before=made, inside="pass"))
