"""A small latent world model: encoder, dynamics, decoder and reward head."""
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow import keras


@dataclass
class Settings:
    latent: int = 6
    width: int = 24
    horizon: int = 5
    rate: float = 3e-3
    updates: int = 50


def dense(sizes, name, final=None):
    layers = [keras.layers.Dense(s, activation="elu") for s in sizes[:-1]]
    return keras.Sequential(layers + [keras.layers.Dense(sizes[-1], activation=final)], name=name)


class WorldModel(keras.Model):
    def __init__(self, settings):
        super().__init__()
        s = settings
        self.encoder = dense([s.width, s.latent], "encoder", "tanh")
        self.dynamics = dense([s.width, s.latent], "dynamics", "tanh")
        self.decoder = dense([s.width, 4], "decoder")
        self.reward = dense([s.width, 1], "reward")
        self.norm = keras.layers.BatchNormalization(name="norm")

    def imagine(self, first, actions, training):
        z = self.norm(self.encoder(first), training=training)
        frames, rewards = [], []
        for t in range(actions.shape[1]):
            z = z + self.dynamics(tf.concat([z, actions[:, t]], -1))
            frames.append(self.decoder(z))
            rewards.append(self.reward(z)[:, 0])
        return tf.stack(frames, 1), tf.stack(rewards, 1)


class Learner:
    def __init__(self, settings):
        self.s = settings
        self.model = WorldModel(settings)
        self.optimizer = keras.optimizers.Adam(settings.rate)
        self.model.imagine(tf.zeros((2, 4)), tf.zeros((2, 1, 2)), False)

    @tf.function
    def update(self, frames, actions, rewards):
        with tf.GradientTape(persistent=True) as tape:
            shown, earned = self.model.imagine(frames[:, 0], actions, True)
            picture = tf.reduce_mean(tf.square(shown - frames[:, 1:]))
            reward = tf.reduce_mean(tf.square(earned - rewards))
            loss = picture + 0.5 * reward
        variables = self.model.trainable_variables
        grads = tape.gradient(loss, variables)
        encoder_norm = tf.linalg.global_norm(tape.gradient(picture, self.model.encoder.trainable_variables))
        del tape
        self.optimizer.apply_gradients(zip(grads, variables))
        return picture, reward, encoder_norm


def episodes(rng, n, horizon):
    x = rng.normal(0, 1, (n, 4))
    out, acts = [x], rng.normal(0, 1, (n, horizon, 2))
    for t in range(horizon):
        x = 0.9 * x + 0.3 * np.concatenate([acts[:, t], -acts[:, t]], 1)
        out.append(x)
    frames = np.stack(out, 1)
    return [tf.constant(v, tf.float32) for v in (frames, acts, np.tanh(frames[:, 1:, 0]))]


keras.utils.set_random_seed(70)
settings = Settings()
learner = Learner(settings)
rng = np.random.default_rng(70)
for k in range(settings.updates):
    p, r, n = learner.update(*episodes(rng, 64, settings.horizon))
    if k % 10 == 0:
        print(f"{k:3d} picture {float(p):.4f} reward {float(r):.4f} encoder {float(n):.3f}")
