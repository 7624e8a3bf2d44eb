"""Two players, two tapes, two optimizers; each list stays with its player."""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(3)
NOISE = 4


def player(inputs, outputs, name):
    return keras.Sequential(
        [
            keras.layers.Input((inputs,)),
            keras.layers.Dense(24, activation="leaky_relu"),
            keras.layers.Dense(outputs),
        ],
        name=name,
    )


generator = player(NOISE, 2, "generator")
critic = player(2, 1, "critic")
generator_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5)
critic_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5)
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def step(real):
    noise = tf.random.normal((tf.shape(real)[0], NOISE))
    with tf.GradientTape() as generator_tape, tf.GradientTape() as critic_tape:
        fake = generator(noise, training=True)
        real_score = critic(real, training=True)
        fake_score = critic(fake, training=True)
        critic_loss = cross_entropy(tf.ones_like(real_score), real_score)
        critic_loss += cross_entropy(tf.zeros_like(fake_score), fake_score)
        generator_loss = cross_entropy(tf.ones_like(fake_score), fake_score)
    generator_gradients = generator_tape.gradient(generator_loss, generator.trainable_variables)
    critic_gradients = critic_tape.gradient(critic_loss, critic.trainable_variables)
    generator_optimizer.apply_gradients(zip(generator_gradients, generator.trainable_variables))
    critic_optimizer.apply_gradients(zip(critic_gradients, critic.trainable_variables))
    return generator_loss, critic_loss


angle = tf.random.uniform((1024,), 0.0, 6.2832)
ring = tf.stack([tf.cos(angle), tf.sin(angle)], axis=-1)
batches = tf.data.Dataset.from_tensor_slices(ring).shuffle(1024).batch(64, drop_remainder=True)
for epoch in range(5):
    for real in batches:
        losses = step(real)
    print(f"epoch {epoch + 1}: generator {float(losses[0]):.3f} critic {float(losses[1]):.3f}")
