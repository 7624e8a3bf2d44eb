"""Edge cases of iterations-counter-off."""

from __future__ import annotations

from snippets import assert_findings, assert_silent

STEP = """
chosen = {optimizer}
chosen.build(encoder.trainable_variables + decoder.trainable_variables)

@tf.function
def train(batch):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(batch)) - batch))
    first = tape.gradient(loss, encoder.trainable_variables)
    second = tape.gradient(loss, decoder.trainable_variables)
    chosen.apply_gradients(zip(first, encoder.trainable_variables))
    {second}.apply_gradients(zip(second, decoder.trainable_variables)){mark}

for turn in range(100):
    train(x)
"""

SCHEDULE = "keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-2, 100))"


def test_two_lists_in_turn():
    """Two applications a step, one schedule."""
    assert_findings(STEP.format(optimizer=SCHEDULE, second="chosen", mark="  # GP602"))


def test_own_schedule():
    """A schedule written in the file."""
    own = """
class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 1e-3 * tf.minimum(1.0, tf.cast(step, "float32") / 100.0)
"""
    text = STEP.format(
        optimizer="keras.optimizers.Adam(Warmup())", second="chosen", mark="  # GP602"
    )
    assert_findings(own + text)


def test_constant_rate():
    """Without a schedule the counter hardly matters."""
    assert_silent(STEP.format(optimizer="keras.optimizers.SGD(1e-2)", second="chosen", mark=""))


def test_two_optimizers():
    """Each list has its own."""
    assert_silent(STEP.format(optimizer=SCHEDULE, second="second_optimizer", mark=""))


def test_two_phases():
    """First one network, then the other."""
    assert_silent(
        f"""
        chosen = {SCHEDULE}
        chosen.build(encoder.trainable_variables + decoder.trainable_variables)

        def train(network, batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(network(batch) - batch))
            gradients = tape.gradient(loss, network.trainable_variables)
            chosen.apply_gradients(zip(gradients, network.trainable_variables))

        for turn in range(100):
            train(encoder, x)
        for turn in range(100):
            train(decoder, x)
        """
    )


def test_either_or():
    """One of two applications, as a condition says."""
    assert_silent(
        f"""
        chosen = {SCHEDULE}
        chosen.build(encoder.trainable_variables + decoder.trainable_variables)

        def train(batch, late):
            with tf.GradientTape(persistent=True) as tape:
                loss = tf.reduce_mean(tf.square(decoder(encoder(batch)) - batch))
            if late:
                first = tape.gradient(loss, encoder.trainable_variables)
                chosen.apply_gradients(zip(first, encoder.trainable_variables))
            else:
                second = tape.gradient(loss, decoder.trainable_variables)
                chosen.apply_gradients(zip(second, decoder.trainable_variables))
        """
    )
