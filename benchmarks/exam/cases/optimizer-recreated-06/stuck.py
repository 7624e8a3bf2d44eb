import random

import numpy as np
import tensorflow as tf


class GridWorld:
    """A 4 x 4 grid, goal in the corner."""

    n_states, n_actions = 16, 4

    def reset(self):
        self.pos = [0, 0]
        self.t = 0
        return self.obs()

    def obs(self):
        return np.eye(16, dtype=np.float32)[self.pos[0] * 4 + self.pos[1]]

    def step(self, a):
        axis, d = divmod(a, 2)
        self.pos[axis] = int(np.clip(self.pos[axis] + (1 if d else -1), 0, 3))
        self.t += 1
        goal = self.pos == [3, 3]
        return self.obs(), 1.0 if goal else -0.02, goal or self.t >= 40


class ReplayBuffer:
    def __init__(self, size):
        self.data, self.priority, self.size = [], [], size

    def add(self, row):
        self.data.append(row)
        self.priority.append(max(self.priority, default=1.0))
        self.data, self.priority = self.data[-self.size:], self.priority[-self.size:]

    def sample(self, n, rng):
        p = np.array(self.priority) / np.sum(self.priority)
        idx = rng.choice(len(self.data), n, p=p)
        weights = (1.0 / (len(self.data) * p[idx])) ** 0.5
        columns = [np.array(c) for c in zip(*(self.data[i] for i in idx))]
        return idx, columns, (weights / weights.max()).astype(np.float32)

    def update(self, idx, errors):
        for i, e in zip(idx, errors):
            self.priority[i] = float(abs(e)) + 1e-3


def q_network():
    return tf.keras.Sequential([
        tf.keras.Input((16,)),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dense(32, activation="relu"),
        tf.keras.layers.Dense(4),
    ])


class DQNAgent:
    def __init__(self, gamma=0.95, lr=3e-3, sync_every=40):
        self.q, self.q_target = q_network(), q_network()
        self.sync()
        self.opt = tf.keras.optimizers.Adam(lr)
        self.gamma, self.sync_every, self.updates = gamma, sync_every, 0
        self.epsilon = 1.0

    def sync(self):
        self.q_target.set_weights(self.q.get_weights())

    def act(self, s, rng):
        if rng.random() < self.epsilon:
            return int(rng.integers(4))
        return int(tf.argmax(self.q(s[None]), 1)[0])

    def learn(self, columns, weights):
        s, a, r, s2, done = columns
        best = np.argmax(self.q(s2).numpy(), axis=1)
        future = self.q_target(s2).numpy()[np.arange(len(best)), best]
        targets = (r + self.gamma * future * (1.0 - done)).astype(np.float32)
        opt = tf.keras.optimizers.Adam(3e-3)
        with tf.GradientTape() as tape:
            q = tf.reduce_sum(self.q(s) * tf.one_hot(a, 4), axis=1)
            error = targets - q
            loss = tf.reduce_mean(weights * tf.square(error))
        grads = tape.gradient(loss, self.q.trainable_variables)
        opt.apply_gradients(zip(grads, self.q.trainable_variables))
        self.updates += 1
        if self.updates % self.sync_every == 0:
            self.sync()
        return error.numpy(), float(loss)


def main():
    random.seed(0)
    tf.keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    env, agent, buffer = GridWorld(), DQNAgent(), ReplayBuffer(500)
    for episode in range(10):
        s, done, total = env.reset(), False, 0.0
        while not done:
            a = agent.act(s, rng)
            s2, r, done = env.step(a)
            buffer.add((s, a, r, s2, float(done)))
            s, total = s2, total + r
            if len(buffer.data) >= 64 and env.t % 2 == 0:
                idx, columns, weights = buffer.sample(32, rng)
                errors, loss = agent.learn(columns, weights)
                buffer.update(idx, errors)
        agent.epsilon = max(0.1, agent.epsilon * 0.85)
        print(episode, round(total, 2), agent.updates)


main()
