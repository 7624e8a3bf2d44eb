"""Edge cases of uncompiled-step."""

from __future__ import annotations

from snippets import assert_findings, assert_silent

STEP = """
{decorator}
def train(batch, target):{mark}
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(batch) - target))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


for epoch in range(100):
    for begin in range(0, 8, 2):
        train(x[begin : begin + 2], y[begin : begin + 2])
"""


def test_epochs_and_batches():
    """A step that runs eagerly in a loop within a loop; advice, no more."""
    assert_findings(STEP.format(decorator="", mark="  # GP801"))


def test_traced():
    """The same step traced."""
    assert_silent(STEP.format(decorator="@tf.function", mark=""))
