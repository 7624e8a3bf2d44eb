import collections
import random

import numpy as np
import tensorflow as tf

random.seed(0)
tf.keras.utils.set_random_seed(16)


def q_network():
    return tf.keras.Sequential([
        tf.keras.Input((3,)), tf.keras.layers.Dense(24, activation="relu"), tf.keras.layers.Dense(2)
    ])


class Agent:
    def __init__(self):
        self.online, self.target = q_network(), q_network()
        self.sync()
        self.optimizer = tf.keras.optimizers.Adam(1e-2)
        self.memory = collections.deque(maxlen=200)
        self.epsilon = 1.0

    def sync(self):
        self.target.set_weights(self.online.get_weights())

    def act(self, state):
        if random.random() < self.epsilon:
            return random.randrange(2)
        return int(np.argmax(self.online(state[None]).numpy()[0]))

    def learn(self, size=16, gamma=0.9):
        batch = random.sample(self.memory, size)
        states, actions, rewards, following = (np.array(part) for part in zip(*batch))
        best = tf.reduce_max(self.target(following), axis=1).numpy()
        wanted = (rewards + gamma * best).astype("float32")
        with tf.GradientTape() as tape:
            chosen = tf.reduce_sum(self.online(states) * tf.one_hot(actions, 2), axis=1)
            loss = tf.reduce_mean(tf.square(wanted - chosen))
        gradients = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.online.trainable_variables))
        return float(loss)


agent = Agent()
state = np.zeros(3, "float32")
for step in range(60):
    action = agent.act(state)
    following = np.clip(state + np.random.normal(0, 0.3, 3) + (0.1 if action else -0.1), -2, 2).astype("float32")
    agent.memory.append((state, action, float(-abs(following).sum()), following))
    state, agent.epsilon = following, max(0.1, agent.epsilon * 0.97)
    if step > 20:
        loss = agent.learn()
    if step % 10 == 0:
        agent.sync()
print("last loss", loss)
