import random
from collections import deque

import numpy as np
import tensorflow as tf
from tensorflow import keras


class Corridor:
    size = 6

    def reset(self):
        self.at = 2
        return self.view()

    def view(self):
        return np.eye(self.size, dtype="float32")[self.at]

    def step(self, action):
        self.at = min(max(self.at + (1 if action else -1), 0), self.size - 1)
        done = self.at in (0, self.size - 1)
        return self.view(), float(self.at == self.size - 1), done


class ReplayBuffer:
    def __init__(self, size):
        self.rows = deque(maxlen=size)

    def add(self, *row):
        self.rows.append(row)

    def sample(self, n):
        s, a, r, s2, d = zip(*random.sample(self.rows, n))
        return np.array(s), np.array(a, "int32"), np.array(r, "float32"), np.array(s2), np.array(d, "float32")


def q_network():
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(2)])


class DQN:
    def __init__(self):
        self.online = q_network()
        self.frozen = q_network()
        self.sync()
        self.huber = keras.losses.Huber()
        self.buffer = ReplayBuffer(500)
        self.gamma = 0.95

    def sync(self):
        self.frozen.set_weights(self.online.get_weights())

    def act(self, state, epsilon):
        if random.random() < epsilon:
            return random.randrange(2)
        return int(np.argmax(self.online(state[None])[0]))

    def learn(self):
        s, a, r, s2, done = self.buffer.sample(32)
        best = tf.reduce_max(self.frozen(s2), axis=1)
        target = r + self.gamma * (1.0 - done) * best
        with tf.GradientTape() as tape:
            q = tf.reduce_sum(self.online(s) * tf.one_hot(a, 2), axis=1)
            loss = self.huber(target, q)
        grads = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer = keras.optimizers.RMSprop(2e-3)
        self.optimizer.apply_gradients(zip(grads, self.online.trainable_variables))
        return loss


random.seed(0)
keras.utils.set_random_seed(0)
env, agent = Corridor(), DQN()
updates = 0
for episode in range(25):
    state, done, length = env.reset(), False, 0
    while not done and length < 20:
        action = agent.act(state, epsilon=0.5)
        following, reward, done = env.step(action)
        agent.buffer.add(state, action, reward, following, done)
        state = following
        length += 1
        if len(agent.buffer.rows) >= 32:
            loss = agent.learn()
            updates += 1
            if updates % 20 == 0:
                agent.sync()
print("updates", updates, "loss", float(loss))
