"""Double Q-learning with a target network and a replay memory."""

import collections
import random

import numpy as np
import tensorflow as tf
from tensorflow import keras

Transition = collections.namedtuple("Transition", "state action reward following done")


class Memory:
    def __init__(self, size):
        self.held = collections.deque(maxlen=size)

    def add(self, *what):
        self.held.append(Transition(*what))

    def sample(self, count):
        batch = Transition(*zip(*random.sample(self.held, count)))
        return [np.array(part) for part in batch]


def q_network(states, actions):
    return keras.Sequential(
        [
            keras.Input((states,)),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(actions),
        ]
    )


class Agent:
    def __init__(self, states, actions, discount=0.97, tau=0.05):
        self.actions, self.discount, self.tau = actions, discount, tau
        self.online = q_network(states, actions)
        self.target = q_network(states, actions)
        self.target.set_weights(self.online.get_weights())
        self.optimizer = keras.optimizers.Adam(1e-3)
        self.huber = keras.losses.Huber()

    def act(self, state, epsilon):
        if random.random() < epsilon:
            return random.randrange(self.actions)
        return int(np.argmax(self.online(state[None])[0]))

    @tf.function
    def learn(self, state, action, reward, following, done):
        best = tf.argmax(self.online(following), axis=1)
        value = tf.gather(self.target(following), best, batch_dims=1)
        goal = reward + self.discount * (1.0 - done) * value
        with tf.GradientTape() as tape:
            q = self.online(state, training=True)
            taken = tf.reduce_sum(q * tf.one_hot(action, self.actions), axis=1)
            loss = self.huber(goal, taken)
        gradients = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.online.trainable_variables))
        return loss

    def follow(self):
        for slow, fast in zip(self.target.variables, self.online.variables):
            slow.assign(self.tau * fast + (1.0 - self.tau) * slow)


def main():
    agent, memory = Agent(4, 2), Memory(500)
    rng = np.random.default_rng(2)
    state = rng.normal(size=4).astype("float32")
    for step in range(60):
        action = agent.act(state, 0.3)
        following = (state * 0.9 + rng.normal(size=4) * 0.1 + (action - 0.5) * 0.2).astype("float32")
        memory.add(state, action, np.float32(-abs(following[0])), following, np.float32(0))
        state = following
        if step >= 32:
            loss = agent.learn(*map(tf.convert_to_tensor, memory.sample(16)))
            agent.follow()
    print("loss", float(loss))


if __name__ == "__main__":
    main()
