"""Edge cases of disconnected-submodel."""

from __future__ import annotations

from snippets import assert_findings, assert_silent


def test_two_calls():
    """The features of one call, the score of another."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            features = encoder(x)
            tape.watch(features)
            score = tf.reduce_mean(model(x), axis=0)[0]
        slopes = tape.gradient(score, features)  # GP209
        """
    )


def test_symbolic_output():
    """The placeholder of the model's graph is no value of this call."""
    assert_findings(
        """
        with tf.GradientTape() as tape:
            score = tf.reduce_sum(model(x))
        slopes = tape.gradient(score, model.get_layer("sequential").output)  # GP209
        """
    )


def test_one_model_with_two_outputs():
    """Features and scores of one call."""
    assert_silent(
        """
        inputs = keras.Input((4,))
        features = keras.layers.Dense(4, name="inner")(inputs)
        scores = keras.layers.Dense(2, name="score")(features)
        both = keras.Model(inputs, [features, scores])
        with tf.GradientTape() as tape:
            inner, score = both(x)
            picked = tf.reduce_sum(score)
        slopes = tape.gradient(picked, inner)
        """
    )


def test_features_that_go_on():
    """The features go through the rest of the network."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            features = encoder(x)
            score = tf.reduce_sum(tf.nn.relu(decoder(features)) * 2.0)
        slopes = tape.gradient(score, features)
        """
    )


def test_input_gradient():
    """A gradient by the input, which both calls take."""
    assert_silent(
        """
        with tf.GradientTape() as tape:
            tape.watch(x)
            features = encoder(x)
            score = tf.reduce_sum(model(x)) + tf.reduce_sum(features)
        slopes = tape.gradient(score, x)
        """
    )


def test_local_classes():
    """A class of the file, whose parts are called one after the other."""
    assert_silent(
        """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.body = keras.layers.Dense(4)
                self.head = keras.layers.Dense(1)

            def call(self, batch, training=False):
                return self.head(self.body(batch))

        net = Net()
        with tf.GradientTape() as tape:
            features = net.body(x)
            score = tf.reduce_sum(net.head(features))
        slopes = tape.gradient(score, features)
        """
    )
