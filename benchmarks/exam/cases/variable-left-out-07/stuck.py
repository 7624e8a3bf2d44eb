"""Soft actor-critic on a one-step reaching task."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(17)
OBS, ACT = 3, 2


def net(out, name):
    return keras.Sequential([keras.Input((OBS if name == "actor" else OBS + ACT,)), keras.layers.Dense(32, activation="relu"),
                             keras.layers.Dense(32, activation="relu"), keras.layers.Dense(out)], name=name)


class SAC:
    def __init__(self):
        self.actor = net(2 * ACT, "actor")
        self.q1, self.q2 = net(1, "q1"), net(1, "q2")
        self.log_alpha = tf.Variable(-1.0, name="log_alpha")
        self.actor_opt = keras.optimizers.Adam(3e-3)
        self.critic_opt = keras.optimizers.Adam(3e-3)
        self.alpha_opt = keras.optimizers.Adam(3e-3)
        self.target_entropy = -float(ACT)

    def sample(self, obs):
        mean, log_std = tf.split(self.actor(obs), 2, axis=-1)
        log_std = -1.5 + 2.0 * tf.tanh(log_std)
        noise = tf.random.normal(tf.shape(mean))
        raw = mean + tf.exp(log_std) * noise
        logp = -0.5 * noise ** 2 - log_std - 0.5 * np.log(2 * np.pi)
        logp -= tf.math.log(1.0 - tf.tanh(raw) ** 2 + 1e-6)
        return tf.tanh(raw), tf.reduce_sum(logp, axis=-1)

    @tf.function
    def update(self, obs, act, reward):
        with tf.GradientTape() as tape:
            pair = tf.concat([obs, act], -1)
            q1, q2 = self.q1(pair)[:, 0], self.q2(pair)[:, 0]
            critic_loss = tf.reduce_mean((q1 - reward) ** 2) + tf.reduce_mean((q2 - reward) ** 2)
        critic_vars = self.q1.trainable_variables
        self.critic_opt.apply_gradients(zip(tape.gradient(critic_loss, critic_vars), critic_vars))

        with tf.GradientTape() as tape:
            new, logp = self.sample(obs)
            both = tf.concat([obs, new], -1)
            q = tf.minimum(self.q1(both), self.q2(both))[:, 0]
            alpha = tf.stop_gradient(tf.exp(self.log_alpha))
            actor_loss = tf.reduce_mean(alpha * logp - q)
        actor_vars = self.actor.trainable_variables
        self.actor_opt.apply_gradients(zip(tape.gradient(actor_loss, actor_vars), actor_vars))

        with tf.GradientTape() as tape:
            alpha_loss = -tf.reduce_mean(self.log_alpha * tf.stop_gradient(logp + self.target_entropy))
        self.alpha_opt.apply_gradients([(tape.gradient(alpha_loss, self.log_alpha), self.log_alpha)])
        return critic_loss, actor_loss


rng = np.random.default_rng(17)
agent = SAC()
for it in range(60):
    obs = tf.constant(rng.normal(0, 1, (64, OBS)), tf.float32)
    act, _ = agent.sample(obs)
    reward = -tf.reduce_sum((act - tf.tanh(obs[:, :ACT])) ** 2, -1)
    c, a = agent.update(obs, act, reward)
    if it % 15 == 0:
        print(it, "critic", round(float(c), 4), "actor", round(float(a), 4), "alpha", round(float(tf.exp(agent.log_alpha)), 4),
              "reward", round(float(tf.reduce_mean(reward)), 4))
