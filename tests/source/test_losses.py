"""What a loss is given, and in which mode the layers run."""

from __future__ import annotations

import pytest
from marks import assert_findings

STEP = """
labels = tf.constant(np.random.randint(0, 3, 32))
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3{activation})])
criterion = keras.losses.SparseCategoricalCrossentropy({flag}){mark}
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = criterion(labels, net(x))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(gradients, net.trainable_variables))
"""


@pytest.mark.parametrize(
    ("activation", "flag", "mark"),
    [
        ("", "from_logits=True", ""),
        (', activation="softmax"', "", ""),
        ("", "", "  # GP702"),
        (', activation="softmax"', "from_logits=True", "  # GP702"),
        (", activation=chosen", "from_logits=True", ""),
    ],
)
def test_flag_and_activation(activation, flag, mark):
    """Either logits and the flag, or probabilities without it."""
    assert_findings(STEP.format(activation=activation, flag=flag, mark=mark))


@pytest.mark.parametrize(
    ("targets", "mark"), [("t", "  # GP701"), ("t[:, None]", ""), ("tf.expand_dims(t, 1)", "")]
)
def test_columns_against_rows(targets, mark):
    """(n,) against (n, 1) gives n by n."""
    assert_findings(f"""
        features = np.random.randn(64, 4).astype("float32")
        amounts = features[:, 0] * 2.0
        for f, t in tf.data.Dataset.from_tensor_slices((features, amounts)).batch(8):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(f) - {targets})){mark}
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


@pytest.mark.parametrize(
    "loss",
    ['"mse"', "keras.losses.MeanSquaredError()", "lambda a, b: tf.reduce_mean(tf.square(a - b))"],
)
def test_fit_makes_columns_of_rows(loss):
    """`fit` gives every loss, a user's own as well, targets as tall as the output."""
    assert_findings(f"""
        features = np.random.randn(64, 4).astype("float32")
        net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        net.compile("adam", {loss})
        net.fit(features, features[:, 0] * 2.0, batch_size=8)
        net.fit(tf.data.Dataset.from_tensor_slices((features, features[:, 0])).batch(8))
    """)


@pytest.mark.parametrize(("flag", "mark"), [("", "  # GP706"), (", training=True", "")])
def test_batch_norm_in_training(flag, mark):
    """Outside `fit` Keras runs in inference unless it is told otherwise."""
    assert_findings(f"""
        layers = [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
        net = keras.Sequential(layers)
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(net(x{flag}) - y)){mark}
            gradients = tape.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables))
    """)


@pytest.mark.parametrize("loss", ["head.loss", '{"head": head.loss}', "[head.loss]"])
def test_a_loss_that_reads_a_layers_weights(loss):
    """A method of a layer may be what trains it, though its output has no gradient."""
    assert_findings(f"""
        class Head(keras.layers.Layer):
            def build(self, shape):
                self.pairs = self.add_weight(name="pairs", shape=(5, 5))

            def call(self, scores):
                return tf.one_hot(tf.argmax(tf.matmul(scores, self.pairs), -1), 5)

            def loss(self, truth, found):
                return tf.reduce_mean(tf.square(tf.matmul(truth, self.pairs) - truth))

        head = Head(name="head")
        net = keras.Sequential([keras.Input((5,)), head])
        net.compile("adam", loss={loss})
        net.fit(features, targets)
    """)
