"""PPO with a rollout buffer on a tiny point-mass environment."""
import collections

import numpy as np
import tensorflow as tf
from tensorflow import keras

Transition = collections.namedtuple("Transition", "obs action reward value logp")


class PointMass:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.x = self.rng.uniform(-1, 1, 2)
        self.t = 0
        return self.x.astype("float32")

    def step(self, action):
        move = [(0.2, 0), (-0.2, 0), (0, 0.2), (0, -0.2)][action]
        self.x = self.x + move
        self.t += 1
        return self.x.astype("float32"), -float(np.linalg.norm(self.x)), self.t >= 16


class Agent:
    def __init__(self, hp):
        self.hp = hp
        self.actor = keras.Sequential([keras.Input((2,)), keras.layers.Dense(24, activation="tanh"), keras.layers.Dense(4)], name="actor")
        self.critic = keras.Sequential([keras.Input((2,)), keras.layers.Dense(24, activation="tanh"), keras.layers.Dense(1)], name="critic")
        self.pi_opt, self.v_opt = keras.optimizers.Adam(hp["pi_lr"]), keras.optimizers.Adam(hp["v_lr"])

    def act(self, obs):
        logp = tf.nn.log_softmax(self.actor(obs[None]))[0]
        action = int(tf.random.categorical(logp[None], 1)[0, 0])
        return action, float(logp[action]), float(self.critic(obs[None])[0, 0])

    def log_prob(self, obs, actions):
        return tf.gather(tf.nn.log_softmax(self.actor(obs)), actions, batch_dims=1)

    def update(self, obs, actions, old_logp, advantage, returns):
        with tf.GradientTape() as tape:
            ratio = tf.exp(self.log_prob(obs, actions) - old_logp)
            clipped = tf.clip_by_value(ratio, 1 - self.hp["clip"], 1 + self.hp["clip"])
            pi_loss = -tf.reduce_mean(tf.minimum(ratio * advantage, clipped * advantage))
            value = self.critic(obs)[:, 0]
            v_loss = tf.reduce_mean(tf.square(returns - value))
        for loss, net, opt in ((pi_loss, self.actor, self.pi_opt), (v_loss, self.critic, self.v_opt)):
            grads = tape.gradient(loss, net.trainable_variables)
            opt.apply_gradients(zip(grads, net.trainable_variables))
        return float(pi_loss), float(v_loss)


def collect(env, agent, episodes):
    buffer = []
    for _ in range(episodes):
        obs, done, episode = env.reset(), False, []
        while not done:
            action, logp, value = agent.act(obs)
            nxt, reward, done = env.step(action)
            episode.append(Transition(obs, action, reward, value, logp))
            obs = nxt
        buffer.append(episode)
    return buffer


def advantages(episode, gamma=0.95, lam=0.9):
    adv, last, nxt = [], 0.0, 0.0
    for tr in reversed(episode):
        delta = tr.reward + gamma * nxt - tr.value
        last = delta + gamma * lam * last
        adv.append(last)
        nxt = tr.value
    adv = np.array(adv[::-1], "float32")
    return adv, adv + np.array([tr.value for tr in episode], "float32")


keras.utils.set_random_seed(9)
env, agent = PointMass(9), Agent({"pi_lr": 3e-3, "v_lr": 1e-2, "clip": 0.2})
for it in range(4):
    episodes = collect(env, agent, 3)
    adv, ret = map(np.concatenate, zip(*[advantages(e) for e in episodes]))
    flat = [tr for e in episodes for tr in e]
    obs = tf.constant(np.stack([tr.obs for tr in flat]))
    actions = tf.constant([tr.action for tr in flat])
    old = tf.constant([tr.logp for tr in flat], tf.float32)
    adv = tf.constant((adv - adv.mean()) / (adv.std() + 1e-6))
    for _ in range(4):
        pi, v = agent.update(obs, actions, old, adv, tf.constant(ret))
    score = np.mean([sum(tr.reward for tr in e) for e in episodes])
    print(it, "return", round(float(score), 3), "pi", round(pi, 4), "v", round(v, 4))
