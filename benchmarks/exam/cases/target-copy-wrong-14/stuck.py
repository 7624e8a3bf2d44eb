import numpy as np
import tensorflow as tf
from tensorflow import keras


class DQN:
    def __init__(self, states, actions):
        inputs = keras.Input((states,))
        hidden = keras.layers.Dense(24, activation="relu", name="hidden")(inputs)
        values = keras.layers.Dense(actions, name="values")(hidden)
        self.online = keras.Model(inputs, values)
        self.target = keras.Model(inputs, values)
        self.optimizer = keras.optimizers.Adam(3e-3)
        self.actions = actions

    def sync(self):
        self.target.set_weights(self.online.get_weights())

    @tf.function
    def learn(self, s, a, r, s2, done):
        goal = r + 0.95 * (1.0 - done) * tf.reduce_max(self.target(s2), axis=1)
        with tf.GradientTape() as tape:
            q = tf.reduce_sum(self.online(s) * tf.one_hot(a, self.actions), axis=1)
            loss = tf.reduce_mean(keras.losses.huber(goal[:, None], q[:, None]))
        grads = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.online.trainable_variables))
        return loss


keras.utils.set_random_seed(71)
rng = np.random.default_rng(71)
agent = DQN(4, 2)
for step in range(120):
    s = rng.normal(size=(32, 4)).astype("float32")
    a = rng.integers(0, 2, 32)
    s2 = s + 0.1 * (2 * a[:, None] - 1).astype("float32")
    done = (np.abs(s2[:, 0]) > 1.5).astype("float32")
    loss = agent.learn(s, a, (1.0 - done).astype("float32"), s2, done)
    if step % 20 == 0:
        agent.sync()
        print(step, float(loss))
