import collections
import random

import numpy as np
import tensorflow as tf


class Corridor:
    """Walk right along eight cells; the last pays."""

    size = 8

    def reset(self):
        self.at = 0
        return self.view()

    def view(self):
        return np.eye(self.size, dtype="float32")[self.at]

    def step(self, action):
        self.at = min(max(self.at + (1 if action else -1), 0), self.size - 1)
        done = self.at == self.size - 1
        return self.view(), 1.0 if done else -0.02, done


class Agent:
    def __init__(self, states, actions, gamma=0.95, tau=0.05, lr=5e-3):
        self.online = self.network(states, actions)
        self.target = self.online
        self.gamma, self.tau, self.actions = gamma, tau, actions
        self.optimizer = tf.keras.optimizers.Adam(lr)
        self.memory = collections.deque(maxlen=2000)

    @staticmethod
    def network(states, actions):
        return tf.keras.Sequential([tf.keras.Input((states,)), tf.keras.layers.Dense(24, activation="relu"),
                                    tf.keras.layers.Dense(actions)])

    def act(self, state, epsilon):
        if random.random() < epsilon:
            return random.randrange(self.actions)
        return int(np.argmax(self.online(state[None])[0]))

    @tf.function
    def learn(self, s, a, r, s2, done):
        best = tf.argmax(self.online(s2), axis=1)
        future = tf.gather(self.target(s2), best, batch_dims=1)
        goal = tf.stop_gradient(r + self.gamma * (1.0 - done) * future)
        with tf.GradientTape() as tape:
            value = tf.gather(self.online(s), a, batch_dims=1)
            loss = tf.reduce_mean(tf.square(goal - value))
        grads = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.online.trainable_variables))
        return loss

    def soften(self):
        mixed = [self.tau * o + (1 - self.tau) * t
                 for o, t in zip(self.online.get_weights(), self.target.get_weights())]
        self.target.set_weights(mixed)

    def batch(self, n):
        s, a, r, s2, d = zip(*random.sample(self.memory, n))
        return [tf.constant(np.array(v, t)) for v, t in zip((s, a, r, s2, d), ("f4", "i4", "f4", "f4", "f4"))]


random.seed(0)
tf.keras.utils.set_random_seed(0)
env, agent = Corridor(), Agent(8, 2)
losses = []
for episode in range(25):
    state, done, total, epsilon = env.reset(), False, 0.0, max(0.1, 1 - episode / 12)
    for _ in range(30):
        action = agent.act(state, epsilon)
        after, reward, done = env.step(action)
        agent.memory.append((state, action, reward, after, float(done)))
        state, total = after, total + reward
        if len(agent.memory) >= 64 and len(agent.memory) % 2 == 0:
            losses.append(float(agent.learn(*agent.batch(32))))
            agent.soften()
        if done:
            break
    if episode % 5 == 4:
        print(f"episode {episode} return {total:.2f} loss {np.mean(losses[-20:]):.4f}")
