import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(6)
generator = tf.keras.Sequential([tf.keras.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(2)])
discriminator = tf.keras.Sequential([tf.keras.Input((2,)), layers.Dense(16), layers.LeakyReLU(), layers.Dense(1)])
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
g_opt = tf.keras.optimizers.Adam(1e-3, beta_1=0.5)
d_opt = tf.keras.optimizers.Adam(1e-3, beta_1=0.5)


def generator_loss(fake_output):
    return bce(tf.ones_like(fake_output), fake_output)


def discriminator_loss(real_output, fake_output):
    return bce(tf.ones_like(real_output), real_output) + bce(tf.zeros_like(fake_output), fake_output)


@tf.function
def train_step(real):
    noise = tf.random.normal((tf.shape(real)[0], 4))
    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        fake = generator(noise, training=True)
        real_output = discriminator(real, training=True)
        fake_output = discriminator(fake, training=True)
        g_loss = generator_loss(fake_output)
        d_loss = discriminator_loss(real_output, fake_output)
    g_grads = gen_tape.gradient(g_loss, generator.trainable_variables)
    d_grads = disc_tape.gradient(d_loss, discriminator.trainable_variables)
    g_opt.apply_gradients(zip(g_grads, generator.trainable_variables))
    d_opt.apply_gradients(zip(d_grads, discriminator.trainable_variables))
    return g_loss, d_loss


real = tf.random.normal((64, 2)) @ tf.constant([[1.0, 0.5], [0.0, 0.3]]) + 2.0
for batch in tf.data.Dataset.from_tensor_slices(real).batch(16).repeat(3):
    g_loss, d_loss = train_step(batch)
print(float(g_loss), float(d_loss))
