import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(47)
real = np.random.normal(2.0, 0.4, (256, 2)).astype("float32")
generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu", name="g1"),
                              keras.layers.Dense(2, name="g2")])
discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16, activation="relu", name="d1"),
                                  keras.layers.Dense(1, name="d2")])
generator_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5)
discriminator_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5)
cross = keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def train_step(batch):
    noise = tf.random.normal((64, 4))
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = generator(noise, training=True)
        on_real = discriminator(batch, training=True)
        on_fake = discriminator(fake, training=True)
        g_loss = cross(tf.ones_like(on_fake), on_fake)
        d_loss = cross(tf.ones_like(on_real), on_real) + cross(tf.zeros_like(on_fake), on_fake)
    g_grads = g_tape.gradient(g_loss, generator.trainable_variables)
    d_grads = d_tape.gradient(d_loss, discriminator.trainable_variables)
    generator_optimizer.apply_gradients(zip(g_grads, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(zip(d_grads, discriminator.trainable_variables))
    return d_loss


for epoch in range(6):
    for i in range(0, 256, 64):
        loss = train_step(real[i:i + 64])
    print("epoch", epoch, "critic", float(loss))
