import random
from collections import deque, namedtuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

Transition = namedtuple("Transition", ["state", "action", "reward", "next_state", "done"])


class ReplayBuffer:
    def __init__(self, capacity):
        self.memory = deque(maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, n):
        return Transition(*map(np.array, zip(*random.sample(self.memory, n))))


class DQN:
    def __init__(self, actions=2, gamma=0.9):
        self.actions, self.gamma = actions, gamma
        self.online, self.target = self.build(), self.build()
        self.sync()
        self.optimizer = keras.optimizers.Adam(1e-2)
        self.buffer = ReplayBuffer(500)

    def build(self):
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(self.actions)])

    def sync(self):
        self.target.set_weights(self.online.get_weights())

    def targets(self, batch):
        best = tf.reduce_max(self.target(batch.next_state), axis=1)
        return batch.reward + self.gamma * best * (1.0 - batch.done)

    def learn(self, n=32):
        batch = self.buffer.sample(n)
        goal = tf.stop_gradient(self.targets(batch))
        with tf.GradientTape() as tape:
            mask = tf.one_hot(batch.action, self.actions)
            q = tf.reduce_sum(self.online(batch.state) * mask, axis=1)
            loss = tf.reduce_mean(tf.square(goal - q))
        grads = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.online.trainable_variables))
        return float(loss)


random.seed(0)
keras.utils.set_random_seed(0)
agent, rng = DQN(), np.random.default_rng(0)
for _ in range(200):
    s, a = rng.normal(size=3).astype("float32"), int(rng.integers(2))
    agent.buffer.push(s, a, np.float32(s[0] * (2 * a - 1)), rng.normal(size=3).astype("float32"), np.float32(rng.random() < 0.1))
for i in range(25):
    loss = agent.learn()
    if i % 8 == 0:
        agent.sync()
print(loss)
