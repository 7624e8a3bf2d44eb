"""Edge cases of regularization-dropped."""

from __future__ import annotations

from snippets import assert_findings, assert_silent

NET = """
net = keras.Sequential(
    [keras.Input((4,)), keras.layers.Dense(4, kernel_regularizer="l2", name="dense")]
)
with tf.GradientTape() as tape:
    {loss}
gradients = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


def test_left_out():
    """The declared regulariser is not in the loss."""
    line = "loss = tf.reduce_mean(tf.square(net(x) - y))  # GP703"
    assert_findings(NET.format(loss=line))


def test_added():
    """`model.losses` is added."""
    line = "loss = tf.reduce_mean(tf.square(net(x) - y)) + sum(net.losses)"
    assert_silent(NET.format(loss=line))
