import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(13)


class Agent:
    def __init__(self):
        self.net = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(2)])
        self.rate = 5e-3

    def improve(self, states, actions, advantages):
        optimizer = tf.keras.optimizers.Adam(self.rate)
        with tf.GradientTape() as tape:
            logp = -tf.nn.sparse_softmax_cross_entropy_with_logits(actions, self.net(states))
            loss = -tf.reduce_mean(logp * advantages)
        grads = tape.gradient(loss, self.net.trainable_variables)
        optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
        return float(loss)


rng = np.random.default_rng(0)
agent = Agent()
for it in range(40):
    s = rng.normal(size=(64, 4)).astype("float32")
    a = rng.integers(0, 2, size=64)
    adv = np.where((s[:, 0] > 0) == (a == 1), 1.0, -1.0).astype("float32")
    loss = agent.improve(s, a, adv)
    if it % 10 == 0:
        print(it, loss)
