"""Edge cases of duplicate-variable."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

STEP = """
variables = {variables}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
gradients = tape.gradient(loss, variables)
optimizer.apply_gradients(zip(gradients, variables))
"""


@pytest.mark.parametrize(
    "variables",
    [
        "model.trainable_variables + encoder.trainable_variables",
        (
            "[*encoder.trainable_variables, *decoder.trainable_variables,"
            " *encoder.trainable_variables]"
        ),
    ],
)
def test_twice(variables: str):
    """A part beside the whole, or a list joined twice."""
    assert_findings(STEP.format(variables=variables + "  # GP110"))


@pytest.mark.parametrize(
    "variables",
    [
        "model.trainable_variables",
        "encoder.trainable_variables + decoder.trainable_variables",
        (
            "list({id(v): v for v in model.trainable_variables + encoder.trainable_variables}"
            ".values())"
        ),
    ],
)
def test_once(variables: str):
    """Lists apart, or made unique."""
    assert_silent(STEP.format(variables=variables))
