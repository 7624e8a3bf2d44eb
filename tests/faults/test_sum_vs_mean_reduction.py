"""Edge cases of sum-vs-mean-reduction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradproof.evidence.gradients import Target
from gradproof.evidence.run import Run
from gradproof.faults.sum_vs_mean_reduction import prove
from records import MEAN, at, healthy, operation, with_operations
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


def summed(losses: tuple[float, ...] = (10.0, 400.0, 9000.0), by: str = "SGD") -> Run:
    """A loss that is the sum over 8 examples, with these values step by step."""
    run = healthy()
    run = with_operations(run, replace(run.recordings[0].operations[MEAN], type="Sum"))
    steps = tuple(replace(step, loss=loss) for step, loss in zip(run.steps, losses, strict=True))
    return replace(run, steps=steps, applies=(replace(run.applies[0], by=by),))


def test_a_sum_that_runs_away():
    """The line of the sum is the place, the losses are the evidence."""
    (found,) = prove(summed())
    assert found.place == at(4)
    assert found.evidence == {"batch": 8}
    assert "8 examples" in found.message
    assert "from 10 to 400 by step 2" in found.message


def test_a_sum_that_ends_as_nan():
    """A loss that is no number any more ran away as well."""
    (found,) = prove(summed((10.0, 12.0, float("nan"))))
    assert "nan at step 3" in found.message


@pytest.mark.parametrize(
    "run",
    [summed((10.0, 8.0, 6.0)), summed(by="Adam"), healthy()],
    ids=["a rate that fits", "a rule that does not scale", "a mean"],
)
def test_right_sums(run):
    """A sum whose training goes well, or whose scale the rule takes out."""
    assert list(prove(run)) == []


def test_a_sum_that_is_divided():
    """Divided by a number, by a size, or multiplied: it is no bare sum."""
    run = summed()
    eight = operation(12, "Const", shape=(), value=8.0)
    divided = operation(13, "RealDiv", (MEAN, 12), shape=())
    call = replace(run.calls[0], targets=(Target(13),))
    assert list(prove(replace(with_operations(run, eight, divided), calls=(call,)))) == []
    size = operation(12, "Size", (0,), shape=(), dtype="int32")
    assert list(prove(replace(with_operations(run, size, divided), calls=(call,)))) == []


def test_a_sum_over_weights_beside_a_mean():
    """A penalty on weights is summed as it should be."""
    run = summed()
    mean = operation(MEAN, "Mean", (8,), shape=())
    own = operation(12, "Square", (1,), shape=(4, 4))
    penalty = operation(13, "Sum", (12,), shape=())
    total = operation(14, "AddV2", (MEAN, 13), shape=())
    run = with_operations(run, mean, own, penalty, total)
    call = replace(run.calls[0], targets=(Target(14),))
    assert list(prove(replace(run, calls=(call,)))) == []
