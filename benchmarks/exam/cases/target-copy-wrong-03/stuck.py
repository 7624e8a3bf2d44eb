import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(110)
rng = np.random.default_rng(110)


def network():
    return tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(12, activation="tanh"), tf.keras.layers.Dense(2)])


online = network()
target = online
optimizer = tf.keras.optimizers.Adam(0.01)
states = rng.normal(size=(200, 3)).astype("float32")
actions = rng.integers(0, 2, 200)
rewards = (states[:, 0] * np.where(actions == 0, 1.0, -1.0)).astype("float32")
following = (0.8 * states + 0.2 * rng.normal(size=states.shape)).astype("float32")


@tf.function
def update(s, a, r, s2):
    goal = r + 0.9 * tf.reduce_max(target(s2), axis=1)
    with tf.GradientTape() as tape:
        q = tf.gather(online(s), a, axis=1, batch_dims=1)
        loss = tf.reduce_mean(tf.square(tf.stop_gradient(goal) - q))
    grads = tape.gradient(loss, online.trainable_variables)
    optimizer.apply_gradients(zip(grads, online.trainable_variables))
    return loss


for sweep in range(12):
    for i in range(0, 200, 50):
        part = slice(i, i + 50)
        loss = update(states[part], actions[part], rewards[part], following[part])
    if sweep % 4 == 3:
        target.set_weights(online.get_weights())
    print("sweep", sweep, "td error", float(loss))
