"""Edge cases of sum-vs-mean-reduction."""

from __future__ import annotations

import pytest

from snippets import assert_findings, assert_silent

STEP = """
chosen = {optimizer}
rows = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
data = tf.data.Dataset.from_tensor_slices(rows).shuffle(100).{batch}

@tf.function
def train(batch):
    with tf.GradientTape() as tape:
        loss = {loss}
    gradients = tape.gradient(loss, model.trainable_variables)
    {change}
    chosen.apply_gradients(zip(gradients, model.trainable_variables))

for epoch in range(3):
    for batch in data:
        train(batch)
"""

SGD = "keras.optimizers.SGD(0.1)"
SUM = "tf.reduce_sum(tf.square(model(batch) - batch))"


def program(
    loss: str = SUM, optimizer: str = SGD, batch: str = "batch(32)", change: str = "pass"
) -> str:
    """A loop over batches."""
    return STEP.format(loss=loss, optimizer=optimizer, batch=batch, change=change)


@pytest.mark.parametrize("loss", [SUM, "0.5 * " + SUM, SUM + " / 2"])
def test_sum_over_the_batch(loss: str):
    """A sum, or half of one, over batches of which the last is shorter."""
    assert_findings(program(loss + "  # GP705"))


def test_loss_object_that_sums():
    """A loss of Keras that was told to sum."""
    made = 'keras.losses.MeanSquaredError(reduction="sum")(batch, model(batch))  # GP705'
    assert_findings(program(made))


@pytest.mark.parametrize(
    "changed",
    [
        {"loss": "tf.reduce_mean(tf.square(model(batch) - batch))"},
        {"loss": SUM + " / 32.0"},
        {"loss": SUM + " / tf.cast(tf.shape(batch)[0], 'float32')"},
        {"loss": "tf.reduce_mean(tf.reduce_sum(tf.square(model(batch) - batch), axis=-1))"},
        {"optimizer": "keras.optimizers.Adam(1e-3)"},
        {"batch": "batch(32, drop_remainder=True)"},
        {"batch": "batch(25)"},
        {"change": "gradients = [g / 32.0 for g in gradients]"},
    ],
)
def test_right_ones(changed: dict[str, str]):
    """Divided somewhere, over features, adaptive, or batches of one length."""
    assert_silent(program(**changed))


def test_one_full_batch():
    """A sum over all the data, always the same."""
    assert_silent(
        """
        for turn in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        """
    )
