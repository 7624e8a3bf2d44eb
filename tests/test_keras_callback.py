"""The Keras callback in a real `fit` of both generations."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request):
    """Both generations of Keras in one process."""
    pytest.importorskip("tensorflow")
    return pytest.importorskip(request.param)


def model_that_trains(keras, penalty=0.0):
    """A model with its own step; a penalty of NaN spoils it."""

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(3, "relu")
            self.outer = keras.layers.Dense(1)

        def call(self, x):
            return self.outer(self.inner(x))

        def train_step(self, data):
            import tensorflow as tf

            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True) - y)) + penalty
                if penalty != 0.0:
                    # Zero, but not one that TensorFlow could fold away.
                    none = tf.cast(tf.reduce_sum(x) > 1e9, tf.float32)
                    loss += tf.reduce_sum(tf.sqrt(none * self(x)))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    keras.utils.set_random_seed(0)
    model = Own()
    model.compile(optimizer=keras.optimizers.SGD(0.01))
    return model


def batches():
    """Sixty batches of four."""
    x = np.random.default_rng(0).normal(size=(240, 2)).astype("float32")
    return {"x": x, "y": x.sum(1, keepdims=True), "batch_size": 4, "verbose": 0}


def test_healthy_fit(keras, capsys):
    """All steps are seen, the report comes at the end, results are the same."""
    import gradproof

    bare = model_that_trains(keras)
    bare.fit(**batches())
    watched = model_that_trains(keras)
    callback = gradproof.Watch(stop_on="error")
    watched.fit(**batches(), callbacks=[callback])
    assert callback.diagnoses == ()
    assert callback.watched.answer.steps == 60
    assert "60 steps watched, all 4 variables moved (SGD)" in capsys.readouterr().err
    for one, other in zip(bare.get_weights(), watched.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_error_ends_the_training(keras, capsys):
    """NaN weights are proven within a few batches, and the rest is not run."""
    import gradproof

    callback = gradproof.Watch(stop_on="error", show=False)
    seen = []
    counter = keras.callbacks.LambdaCallback(on_batch_end=lambda batch, logs: seen.append(batch))
    model_that_trains(keras, penalty=1.0).fit(**batches(), callbacks=[callback, counter])
    assert callback.diagnoses[0].level == "error"
    assert len(seen) <= 5
    assert "error[GP303]" in str(callback.watched) or "error[GP304]" in str(callback.watched)
    assert capsys.readouterr().err == ""


def test_wrong_use():
    """What was expected, and what was given."""
    import gradproof

    with pytest.raises(ValueError, match="must be \"error\" or None, got 'warning'"):
        gradproof.Watch(stop_on="warning")
