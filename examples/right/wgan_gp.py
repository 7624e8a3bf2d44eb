"""Wasserstein GAN with gradient penalty: a gradient inside of a loss.

The penalty asks the critic for slope one between real and made points. That
slope is itself a gradient, so its tape stands inside of the tape that trains the
critic: only then does the outer tape know how the slope depends on the weights.
Taken before or after the outer block, the penalty would be a constant to it.

The inner tape differentiates by points, not by variables, so it is told to watch
them. The critic is trained several times for each turn of the generator. Its last
layer has no bias: in a difference of scores a bias cancels out and never trains.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(8)
NOISE, CRITIC_TURNS, PENALTY = 4, 3, 1.0


def player(inputs, last, name):
    layers = [
        keras.layers.Input((inputs,)),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(32, activation="tanh"),
    ]
    return keras.Sequential([*layers, last], name=name)


generator = player(NOISE, keras.layers.Dense(2), "generator")
critic = player(2, keras.layers.Dense(1, use_bias=False), "critic")
generator_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5)
critic_optimizer = keras.optimizers.Adam(5e-3, beta_1=0.5)


def slope_penalty(real, fake):
    share = tf.random.uniform((tf.shape(real)[0], 1))
    between = share * real + (1.0 - share) * fake
    with tf.GradientTape() as inner:
        inner.watch(between)
        score = critic(between, training=True)
    slope = inner.gradient(score, between)
    # The small number keeps the root away from zero, where it has no derivative.
    norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1) + 1e-12)
    return tf.reduce_mean(tf.square(norm - 1.0))


@tf.function
def critic_step(real):
    fake = generator(tf.random.normal((tf.shape(real)[0], NOISE)), training=True)
    with tf.GradientTape() as outer:
        gap = tf.reduce_mean(critic(real, training=True))
        gap -= tf.reduce_mean(critic(fake, training=True))
        loss = PENALTY * slope_penalty(real, fake) - gap
    gradients = outer.gradient(loss, critic.trainable_variables)
    critic_optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
    return loss


@tf.function
def generator_step(size):
    with tf.GradientTape() as tape:
        fake = generator(tf.random.normal((size, NOISE)), training=True)
        loss = -tf.reduce_mean(critic(fake, training=True))
    gradients = tape.gradient(loss, generator.trainable_variables)
    generator_optimizer.apply_gradients(zip(gradients, generator.trainable_variables))
    return loss


def ring(size):
    angle = tf.random.uniform((size,), 0.0, 6.2832)
    return 2.0 * tf.stack([tf.cos(angle), tf.sin(angle)], axis=-1)


def off_the_ring():
    made = generator(tf.random.normal((512, NOISE)))
    return float(tf.reduce_mean(tf.abs(tf.norm(made, axis=1) - 2.0)))


print(f"before: made points are off the ring by {off_the_ring():.3f}")
for number in range(1, 201):
    for _ in range(CRITIC_TURNS):
        critic_loss = critic_step(ring(64))
    generator_step(64)
    if number % 50 == 0:
        off = off_the_ring()
        print(f"turn {number}: off the ring by {off:.3f}, critic {float(critic_loss):.3f}")
