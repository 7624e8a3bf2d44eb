"""Forward passes that the tape does not see."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_in_a_loop():
    """The model is called before the tape, epoch after epoch."""
    assert_findings(
        """
        for epoch in range(3):
            output = model(x)  # GP201
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(output - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_loss_after_the_tape():
    """A loss after the block is no more recorded than one before."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            output = model(x)
        loss = tf.reduce_mean(tf.square(output - y))  # GP201
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_targets_before():
    """Targets of another network need no tape."""
    assert_silent(
        """
        target = encoder(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(decoder(x) - target))
        gradients = tape.gradient(loss, decoder.trainable_variables)
        optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
        """
    )


def test_called_helper():
    """A function that is called inside the block records inside it."""
    assert_silent(
        """
        def loss_of(inputs, targets):
            return tf.reduce_mean(tf.square(model(inputs) - targets))

        with tf.GradientTape() as tape:
            loss = loss_of(x, y)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )


def test_model_built_before():
    """A first call that only builds the model is no forward pass of the loss."""
    assert_silent(
        """
        model(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
