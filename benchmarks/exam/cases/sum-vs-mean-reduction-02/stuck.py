import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(102)
rng = np.random.default_rng(102)
policy = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(8, activation="tanh", name="body"),
                              tf.keras.layers.Dense(1, name="value")])
optimizer = tf.keras.optimizers.SGD(0.01)


def rollout():
    length = int(rng.integers(5, 90))
    states = rng.normal(size=(length, 3)).astype("float32")
    return states, (states[:, :1] + 0.1 * rng.normal(size=(length, 1))).astype("float32")


recent = []
for episode in range(60):
    states, returns = rollout()
    with tf.GradientTape() as tape:
        error = policy(states) - returns
        loss = tf.reduce_sum(tf.square(error))
    grads = tape.gradient(loss, policy.trainable_variables)
    optimizer.apply_gradients(zip(grads, policy.trainable_variables))
    recent.append(float(loss) / len(states))
    if episode % 10 == 9:
        print("episode", episode, "loss a step", np.mean(recent[-10:]))
