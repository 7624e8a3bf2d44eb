"""Edge cases of tf1-gradient-api."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash, Run
from gradproof.faults.tf1_gradient_api import prove
from records import at, healthy, proven
from snippets import assert_findings, assert_silent


def crashed(kind: str, message: str) -> Run:
    """The healthy run, ended by an exception on line 5."""
    return replace(healthy(), crash=Crash(kind, message, (at(5),)))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("RuntimeError", "tf.gradients is not supported when eager execution is enabled. Use"),
        (
            "RuntimeError",
            (
                "`loss` passed to Optimizer.compute_gradients should be a function when"
                " eager execution is enabled."
            ),
        ),
        ("AttributeError", "'Adam' object has no attribute 'get_updates'"),
        ("AttributeError", "module 'keras._tf_keras.keras.backend' has no attribute 'function'"),
    ],
)
def test_refused(kind: str, message: str):
    """Each call that needs a graph is named where the program called it."""
    assert proven(crashed(kind, message)) == [("GP212", 5)]


@pytest.mark.parametrize(
    "message",
    ["tf.gradients returned None", "'Net' object has no attribute 'gradients'", "no attribute"],
)
def test_another_crash(message: str):
    """An exception that only mentions gradients is something else."""
    assert list(prove(crashed("AttributeError", message))) == []


def test_healthy():
    """A run that ends well proves nothing."""
    assert list(prove(healthy())) == []


def test_found_in_eager_code():
    """A graph's gradients, where there is no graph."""
    assert_findings(
        """
        loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tf.gradients(loss, model.trainable_variables)  # GP212
        """
    )


def test_silent_in_graphs():
    """Traced functions, functions that nobody calls here, graphs of TensorFlow 1."""
    assert_silent(
        """
        @tf.function
        def slopes(batch):
            return tf.gradients(tf.reduce_sum(model(batch)), batch)

        print(slopes(x))

        def helper(loss, variables):
            return tf.gradients(loss, variables)
        """
    )
    assert_silent(
        """
        with tf.Graph().as_default():
            a = tf.constant(1.0)
            print(tf.gradients(a * a, a))
        """
    )


def test_under_a_tape():
    """A penalty that was ported: the tape records, and graphs are asked for."""
    assert_findings("""
        def penalty(mixed):
            slope = tf.compat.v1.gradients(model(mixed), mixed)[0]  # GP212
            return tf.reduce_mean(tf.square(slope))

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y)) + penalty(x)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_gradients_of_the_backend():
    """`K.gradients`, whatever the backend was imported as."""
    text = """
        {imported}

        def saliency(inputs):
            {body}

        saliency(x)
    """
    for imported in ("from tensorflow.keras import backend as K", "K = keras.backend"):
        wrong = "return K.gradients(model(inputs), inputs)[0]  # GP212"
        assert_findings(text.format(imported=imported, body=wrong))
    right = "return K.mean(model(inputs))"
    assert_silent(text.format(imported="from tensorflow.keras import backend as K", body=right))


def test_variables_of_a_graph():
    """The list of all variables is empty in eager code, however it is filtered."""
    text = """
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        variables = {listed}
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
    """
    whole = "tf.compat.v1.trainable_variables()  # GP212"
    named = "[v for v in tf.compat.v1.trainable_variables() if 'gen' in v.name]  # GP212"
    for listed in (whole, named):
        assert_findings(text.format(listed=listed))
    assert_silent(text.format(listed="model.trainable_variables"))


def test_variables_of_a_graph_that_are_counted():
    """Nothing is trained by a list that is printed; and a graph of TensorFlow 1 has variables."""
    assert_silent(
        """
        print(len(tf.compat.v1.trainable_variables()))
        with tf.Graph().as_default():
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            print(tape.gradient(loss, tf.compat.v1.trainable_variables()))
        """
    )
