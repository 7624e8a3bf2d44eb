import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(21)
rng = np.random.default_rng(1)


def build():
    return tf.keras.Sequential(
        [tf.keras.Input((4,)), tf.keras.layers.Dense(24, activation="relu"), tf.keras.layers.Dense(2)]
    )


online, target = build(), build()
target.set_weights(online.get_weights())
optimizer = tf.keras.optimizers.Adam(5e-3)
TAU, GAMMA = 0.05, 0.9


@tf.function
def learn(s, a, r, s2):
    best = tf.reduce_max(target(s2), axis=1)
    wanted = r + GAMMA * best
    with tf.GradientTape() as tape:
        q = tf.reduce_sum(online(s) * tf.one_hot(a, 2), axis=1)
        loss = tf.reduce_mean(tf.square(wanted - q))
    grads = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(grads, online.trainable_variables))
    return loss


@tf.function
def soft_update():
    for t, o in zip(target.variables, target.variables):
        t.assign(TAU * o + (1.0 - TAU) * t)


for step in range(80):
    s = rng.normal(size=(32, 4)).astype("float32")
    a = rng.integers(0, 2, size=32)
    r = (s[:, 0] * (2 * a - 1)).astype("float32")
    loss = learn(s, a, r, s + 0.1)
    soft_update()
    if step % 20 == 0:
        print(step, float(loss))
