"""Edge cases of loss-scale-generation-mix."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_methods_of_keras_2():
    """They are gone in Keras 3, and right in Keras 2."""
    snippet = """
        scaled = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.SGD(0.1))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
            target = scaled.get_scaled_loss(loss){first}
        gradients = tape.gradient(target, model.trainable_variables)
        gradients = scaled.get_unscaled_gradients(gradients){second}
        scaled.apply_gradients(zip(gradients, model.trainable_variables))
        """
    assert_findings(snippet.format(first="  # GP505", second="  # GP505"))
    assert_silent(snippet.format(first="", second=""), keras="2")
