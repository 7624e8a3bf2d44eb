import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(307)
generator = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
generator_optimizer, critic_optimizer = tf.keras.optimizers.Adam(1e-3), tf.keras.optimizers.Adam(1e-3)
for optimizer, network in ((generator_optimizer, generator), (critic_optimizer, critic)):
    optimizer.build(network.trainable_variables)
real = tf.random.normal((32, 2)) + 1.0
noise = tf.random.normal((32, 3))


@tf.function(jit_compile=True)
def train_step(real, noise):
    with tf.GradientTape(persistent=True) as tape:
        fake = generator(noise, training=True)
        on_real, on_fake = critic(real, training=True), critic(fake, training=True)
        critic_loss = tf.reduce_mean(tf.nn.softplus(-on_real) + tf.nn.softplus(on_fake))
        generator_loss = tf.reduce_mean(tf.nn.softplus(-on_fake))
    critic_gradients = tape.gradient(critic_loss, critic.trainable_variables)
    generator_gradients = tape.gradient(generator_loss, generator.trainable_variables)
    critic_optimizer.apply_gradients(zip(critic_gradients, critic.trainable_variables))
    generator_optimizer.apply_gradients(zip(generator_gradients, generator.trainable_variables))
    return generator_loss, critic_loss


for step in range(10):
    losses = train_step(real, noise)
    print(step, *[float(loss).hex() for loss in losses])
digest = hashlib.sha256()
for variable in [*generator.variables, *critic.variables]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
