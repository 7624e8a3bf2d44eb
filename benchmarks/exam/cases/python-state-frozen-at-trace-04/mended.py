import numpy as np
import tensorflow as tf


def q_net(name):
    net = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(2)], name=name)
    return net


class DQN:
    def __init__(self, period):
        self.online, self.target = q_net("online"), q_net("target")
        self.target.set_weights(self.online.get_weights())
        self.optimizer = tf.keras.optimizers.Adam(3e-3)
        self.optimizer.build(self.online.trainable_variables)
        self.period = period
        self.updates = tf.Variable(0, trainable=False)

    def copy(self):
        for a, b in zip(self.target.variables, self.online.variables):
            a.assign(b)

    @tf.function
    def update(self, s, a, r, s2):
        best = r + 0.9 * tf.reduce_max(self.target(s2), axis=1)
        with tf.GradientTape() as tape:
            q = tf.reduce_sum(self.online(s) * tf.one_hot(a, 2), axis=1)
            loss = tf.reduce_mean((q - best) ** 2)
        grads = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.online.trainable_variables))
        self.updates.assign_add(1)
        if self.updates % self.period == 0:
            self.copy()
        return loss


tf.keras.utils.set_random_seed(33)
agent = DQN(period=4)
s = tf.random.normal((128, 3))
a = tf.random.uniform((128,), 0, 2, tf.int32)
r = tf.where(tf.equal(a, tf.cast(s[:, 0] > 0, tf.int32)), 1.0, 0.0)
for i in range(16):
    loss = agent.update(s, a, r, tf.roll(s, 1, 0))
print(float(loss))
