"""Edge cases of learning-rate-copied."""

from __future__ import annotations

from snippets import assert_findings, assert_silent

TRAINER = """
class Trainer:
    def __init__(self):
        self.rate = 0.1
        self.optimizer = keras.optimizers.SGD(self.rate)

    def step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, model.trainable_variables))

    def decay(self):
        self.rate *= 0.5{mark}
        {then}


trainer = Trainer()
for epoch in range(3):
    trainer.step()
    trainer.decay()
"""


def test_attribute_that_nobody_reads():
    """The optimizer copied the number."""
    assert_findings(TRAINER.format(mark="  # GP502", then="pass"))


def test_handed_on():
    """The new value is given to the optimizer."""
    assert_silent(TRAINER.format(mark="", then="self.optimizer.learning_rate = self.rate"))
