import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(4)
real = np.random.normal(1.0, 0.5, (256, 2)).astype("float32")

critic = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(16, activation="relu", name="h"),
                              tf.keras.layers.Dense(1, name="score")])
adam = tf.keras.optimizers.Adam(1e-3, beta_1=0.5)


def penalty(score, mixed):
    slope = tf.compat.v1.gradients(score, mixed)[0]
    norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1) + 1e-12)
    return tf.reduce_mean(tf.square(norm - 1.0))


for step in range(30):
    fake = tf.random.normal((64, 2))
    batch = real[(step * 64) % 256:(step * 64) % 256 + 64]
    share = tf.random.uniform((64, 1))
    mixed = share * batch + (1.0 - share) * fake
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(batch))
        loss += 10.0 * penalty(critic(mixed), mixed)
    grads = tape.gradient(loss, critic.trainable_variables)
    adam.apply_gradients(zip(grads, critic.trainable_variables))
    if step % 5 == 0:
        print(step, float(loss))
