"""What becomes of gradients once they are there."""

from __future__ import annotations

import pytest
from marks import assert_findings

STEP = """
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(encoder(x)) - y))
    variables = encoder.trainable_variables + decoder.trainable_variables
    {rest}
"""


@pytest.mark.parametrize(
    "rest",
    [
        "optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))",
        "optimizer.apply(tape.gradient(loss, variables), variables)",
        "optimizer.apply_gradients((g, v) for g, v in zip(tape.gradient(loss, variables), variables))",
        "optimizer.apply_gradients(list(zip(tape.gradient(loss, variables), [*variables])))",
        "[v.assign_sub(0.1 * g) for g, v in zip(tape.gradient(loss, variables), variables)]",
        "elsewhere(tape.gradient(loss, variables))",
    ],
)
def test_forms_that_are_right(rest):
    """Pairs of one list, in any spelling."""
    assert_findings(STEP.format(rest=rest))


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("optimizer.apply_gradients(tape.gradient(loss, variables), variables)", "GP406"),
        ("optimizer.apply_gradients(tape.gradient(loss, variables))", "GP406"),
        ("optimizer.apply_gradients(zip(variables, tape.gradient(loss, variables)))", "GP406"),
        (
            "optimizer.apply_gradients(zip(tape.gradient(loss, encoder.trainable_variables), variables))",
            "GP404",
        ),
        (
            "optimizer.apply_gradients(zip(tape.gradient(loss, decoder.trainable_variables), variables))",
            "GP403",
        ),
        ("gradients = tape.gradient(loss, variables)", "GP401"),
        (
            "updated = [v - 0.1 * g for v, g in zip(variables, tape.gradient(loss, variables))]",
            "GP402",
        ),
    ],
)
def test_forms_that_lose_the_update(rest, code):
    """Each is named at the call that loses it."""
    assert_findings(STEP.format(rest=f"{rest}  # {code}"))


def test_pairs_that_are_walked_twice():
    """An iterator of pairs is empty the second time."""
    assert_findings("""
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            pairs = zip(gradients, model.trainable_variables)  # GP405
            for gradient, variable in pairs:
                print(variable.name, tf.norm(gradient))
            optimizer.apply_gradients(pairs)
    """)


def test_gradients_of_another_network():
    """Two critics, one of them with the other's gradients."""
    assert_findings("""
        second = keras.optimizers.Adam(0.01)
        for epoch in range(3):
            with tf.GradientTape(persistent=True) as tape:
                first_loss = tf.reduce_mean(tf.square(encoder(x) - y))
                second_loss = tf.reduce_mean(tf.square(decoder(x) - y))
            first_gradients = tape.gradient(first_loss, encoder.trainable_variables)
            second_gradients = tape.gradient(second_loss, decoder.trainable_variables)
            optimizer.apply_gradients(zip(first_gradients, encoder.trainable_variables))
            second.apply_gradients(zip(first_gradients, decoder.trainable_variables))  # GP403
    """)


def test_copied_gradients_on_purpose():
    """A worker's gradients go to the network it is a copy of."""
    assert_findings("""
        for epoch in range(3):
            encoder.set_weights(decoder.get_weights())
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(encoder(x) - y))
            gradients = tape.gradient(loss, encoder.trainable_variables)
            optimizer.apply_gradients(zip(gradients, decoder.trainable_variables))
    """)


def test_steps_up_the_loss():
    """Adding the gradient of a loss makes it grow."""
    assert_findings("""
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            for variable, gradient in zip(
                model.trainable_variables, tape.gradient(loss, model.trainable_variables)
            ):
                variable.assign_add(0.1 * gradient)  # GP504
    """)


def test_ascent_on_purpose():
    """A reward is climbed, a perturbation climbs the loss."""
    assert_findings("""
        delta = tf.Variable(tf.zeros_like(x))
        w = tf.Variable(tf.zeros((4, 1)))
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x + delta) - y))
            delta.assign_add(0.1 * tape.gradient(loss, delta))
            with tf.GradientTape() as tape:
                reward = -tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
            w.assign_add(0.1 * tape.gradient(reward, w))
    """)


def test_one_optimizer_for_networks_made_anew():
    """The optimizer has to be made with the network."""
    assert_findings("""
        adam = keras.optimizers.Adam(0.01)  # GP407
        for fold in range(3):
            net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
            for epoch in range(3):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(net(x) - y))
                gradients = tape.gradient(loss, net.trainable_variables)
                adam.apply_gradients(zip(gradients, net.trainable_variables))
    """)


def test_a_variable_of_the_loss_that_nobody_trains():
    """It is used by the loss and stands in no list."""
    assert_findings("""
        temperature = tf.Variable(1.0, name="temperature")
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(temperature * model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)  # GP109
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    """)


def test_networks_that_take_turns():
    """The discriminator is on the generator's path, and trains elsewhere."""
    assert_findings("""
        generator, discriminator = encoder, decoder
        other = keras.optimizers.Adam(0.01)
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = -tf.reduce_mean(discriminator(generator(x)))
            gradients = tape.gradient(loss, generator.trainable_variables)
            optimizer.apply_gradients(zip(gradients, generator.trainable_variables))
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(discriminator(generator(x))) - tf.reduce_mean(discriminator(x))
            gradients = tape.gradient(loss, discriminator.trainable_variables)
            other.apply_gradients(zip(gradients, discriminator.trainable_variables))
    """)


def test_a_learning_rate_of_zero():
    """Also where integer division makes it."""
    assert_findings("""
        rate = 0.1 * (32 // 256)  # GP501
        first = keras.optimizers.SGD(rate)
        second = keras.optimizers.SGD(0.1 * (32 / 256))
        warm_up = keras.optimizers.schedules.PolynomialDecay(0.0, 100, 0.01)
        third = keras.optimizers.SGD(warm_up)
    """)


@pytest.mark.parametrize(
    "what",
    [
        "for v, g in zip(net.trainable_variables, gradients):\n    v.assign_sub(0.1 * g)",
        (
            "pairs = []\nfor g, v in zip(gradients, net.trainable_variables):\n"
            "    pairs.append((tf.clip_by_norm(g, 1.0), v))\noptimizer.apply_gradients(pairs)"
        ),
    ],
    ids=["by hand", "pairs"],
)
def test_more_variables_than_are_followed_one_by_one(what):
    """What a loop does with the first it does with the last."""
    names = [f"self.part_{number}" for number in range(12)]
    text = "\n".join(
        [
            "class Net(keras.Model):",
            "    def __init__(self):",
            "        super().__init__()",
            *(f"        {name} = keras.layers.Dense(4)" for name in names),
            "",
            "    def call(self, x):",
            *(f"        x = {name}(x)" for name in names),
            "        return x",
            "",
            "net = Net()",
            "net(x)",
            "with tf.GradientTape() as tape:",
            "    loss = tf.reduce_mean(tf.square(net(x) - y))",
            "gradients = tape.gradient(loss, net.trainable_variables)",
        ]
    )
    assert_findings(f"{text}\n{what}\n")
