"""Edge cases of keras3-variable-interop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.run import Crash
from records import at, healthy, proven
from snippets import assert_findings, assert_silent

STEP = """
with tf.GradientTape() as tape:
    tape.watch({watched}){mark}
    loss = tf.reduce_mean(tf.square(model(x) - y))
gradients = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""


def test_keras_3():
    """Variables of Keras 3 are no tensors."""
    assert_findings(STEP.format(watched="model.trainable_variables", mark="  # GP412"))


def test_keras_2():
    """Variables of Keras 2 are `tf.Variable`s."""
    assert_silent(STEP.format(watched="model.trainable_variables", mark=""), keras="2")


def test_values():
    """Their values are tensors, and so are inputs."""
    watched = "[v.value for v in model.trainable_variables]"
    assert_silent(STEP.format(watched=watched, mark=""))
    assert_silent(STEP.format(watched="x", mark=""))
    chosen = "[v.value if keras.__version__ >= '3' else v for v in model.trainable_variables]"
    assert_silent(STEP.format(watched=chosen, mark=""))
    each = """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for v in model.trainable_variables:
            tape.watch(v.value if hasattr(v, "path") else v)
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_silent(each)


MESSAGES = [
    "Passed in object <Variable path=kernel> of type 'Variable', not tf.Tensor or tf.Variable.",
    # Keras 3.3
    "Passed in object <KerasVariable shape=(4,), path=kernel> of type ..., not tf.Tensor or tf.Variable",
    "'Variable' object has no attribute 'read_value'",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_proven(message: str):
    """The line that mixed the two kinds is named."""
    run = replace(healthy(), crash=Crash("ValueError", message, (at(9), at(3))))
    assert ("GP412", 3) in proven(run)


@pytest.mark.parametrize("message", MESSAGES)
def test_not_with_keras_2(message: str):
    """tf-keras has no variables of its own."""
    run = replace(healthy(), crash=Crash("ValueError", message, (at(3),)), generations=("2",))
    assert "GP412" not in [code for code, _ in proven(run)]


def test_one_after_the_other():
    """A loop over the variables, each watched by itself."""
    assert_findings("""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for weight in model.trainable_variables:
                tape.watch(weight)  # GP412
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


@pytest.mark.parametrize(
    "line", ["tape.watch(weight.value)", "held = weight.value; tape.watch(held)"]
)
def test_what_a_variable_holds_may_be_watched(line: str):
    """`value` of a Keras 3 variable is a `tf.Variable`."""
    assert_silent(f"""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for weight in model.trainable_variables:
                {line}
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


@pytest.mark.parametrize(
    "watched",
    ["[x, *model.trainable_weights]", "encoder.trainable_variables + decoder.trainable_variables"],
)
def test_variables_in_a_list_with_others(watched: str):
    """A list that holds variables of Keras among others is no better."""
    text = f"""
        with tf.GradientTape() as tape:
            tape.watch({watched})  # GP412
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """
    assert_findings(text)
    assert_silent(text.replace("  # GP412", ""), keras="2")


def test_what_only_a_tf_variable_has():
    """`ref()` as a key: variables of Keras 3 lack it, those of Keras 2 and `tf.Variable`s do not."""
    text = """
        slots = {v.ref(): tf.zeros_like(v) for v in VARIABLES}MARK
    """
    marked = text.replace("MARK", "  # GP412")
    assert_findings(marked.replace("VARIABLES", "model.trainable_variables"))
    plain = text.replace("MARK", "")
    assert_silent(plain.replace("VARIABLES", "model.trainable_variables"), keras="2")
    assert_silent("w = tf.Variable(1.0)\n" + plain.strip().replace("VARIABLES", "[w]"))


def test_a_sieve_for_tf_variables():
    """None of a layer's variables passes in Keras 3, all of them do in tf-keras."""
    text = """
    kept = []
    for layer in model.layers:
        for w in layer.trainable_weights:
            if isinstance(w, tf.Variable):{mark}
                kept.append(w)
    """
    assert_findings(text.format(mark="  # GP412"))
    assert_silent(text.format(mark=""), keras="2")
    either = text.replace("tf.Variable", "(tf.Variable, keras.Variable)")
    assert_silent(either.format(mark=""))
