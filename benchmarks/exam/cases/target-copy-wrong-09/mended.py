import copy
from collections import deque

import numpy as np
import tensorflow as tf
from tensorflow.keras import Input, Model
from tensorflow.keras.layers import Concatenate, Dense
from tensorflow.keras.optimizers import Adam

STATE, ACTION = 3, 1


class OUNoise:
    def __init__(self, seed, theta=0.15, sigma=0.2):
        self.rng, self.theta, self.sigma, self.x = np.random.default_rng(seed), theta, sigma, np.zeros(ACTION)

    def __call__(self):
        self.x = self.x - self.theta * self.x + self.sigma * self.rng.normal(size=ACTION)
        return self.x


class Spring:
    """Pull a mass to the origin."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.s = np.array([self.rng.uniform(-1, 1), 0.0, 1.0])
        return self.s.copy()

    def step(self, a):
        x, v, _ = self.s
        v = 0.9 * v + 0.2 * float(a)
        x = np.clip(x + 0.2 * v, -2, 2)
        self.s = np.array([x, v, 1.0])
        return self.s.copy(), -(x * x) - 0.01 * float(a) ** 2


def make_actor():
    s = Input((STATE,))
    h = Dense(32, activation="relu")(s)
    return Model(s, Dense(ACTION, activation="tanh")(h), name="actor")


def make_critic():
    s, a = Input((STATE,)), Input((ACTION,))
    h = Dense(32, activation="relu")(Concatenate()([s, a]))
    h = Dense(32, activation="relu")(h)
    return Model([s, a], Dense(1)(h), name="critic")


class DDPG:
    def __init__(self, gamma=0.9, tau=0.02, lr_actor=1e-3, lr_critic=3e-3):
        self.actor, self.critic = make_actor(), make_critic()
        self.target_actor, self.target_critic = make_actor(), make_critic()
        self.target_actor.set_weights(self.actor.get_weights())
        self.target_critic.set_weights(self.critic.get_weights())
        self.actor_opt, self.critic_opt = Adam(lr_actor), Adam(lr_critic)
        self.gamma, self.tau = gamma, tau
        self.memory = deque(maxlen=2000)

    def policy(self, state):
        return self.actor(state[None].astype("float32"))[0].numpy()

    @tf.function
    def learn(self, s, a, r, s2):
        target_q = self.target_critic([s2, self.target_actor(s2)])
        y = r + self.gamma * target_q
        with tf.GradientTape() as tape:
            q = self.critic([s, a])
            critic_loss = tf.reduce_mean(tf.square(y - q))
        grads = tape.gradient(critic_loss, self.critic.trainable_variables)
        self.critic_opt.apply_gradients(zip(grads, self.critic.trainable_variables))
        with tf.GradientTape() as tape:
            actor_loss = -tf.reduce_mean(self.critic([s, self.actor(s)]))
        grads = tape.gradient(actor_loss, self.actor.trainable_variables)
        self.actor_opt.apply_gradients(zip(grads, self.actor.trainable_variables))
        return critic_loss, actor_loss

    @tf.function
    def soft_update(self):
        for target, online in ((self.target_actor, self.actor), (self.target_critic, self.critic)):
            for t, o in zip(target.variables, online.variables):
                t.assign(o * self.tau + t * (1 - self.tau))

    def sample(self, rng, n=32):
        rows = [self.memory[i] for i in rng.integers(0, len(self.memory), n)]
        s, a, r, s2 = (np.array(c, "float32") for c in zip(*rows))
        return s, a, r[:, None], s2


def run(agent, episodes=4, length=40):
    env, noise, rng = Spring(0), OUNoise(0), np.random.default_rng(0)
    for episode in range(episodes):
        s, total = env.reset(), 0.0
        for _ in range(length):
            a = np.clip(agent.policy(s) + noise(), -1, 1)
            s2, r = env.step(a[0])
            agent.memory.append((s, a, r, s2))
            s, total = s2, total + r
            if len(agent.memory) >= 40:
                losses = agent.learn(*map(tf.constant, agent.sample(rng)))
                agent.soft_update()
        print(episode, round(total, 3))


tf.keras.utils.set_random_seed(8)
run(DDPG())
