"""Denoising diffusion on 2-d points: schedule, EMA, mixed precision policy per layer, resume."""
import math
import os
import pathlib
import tempfile
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf


@dataclass
class DiffusionConfig:
    steps: int = 50
    beta_start: float = 1e-4
    beta_end: float = 0.05
    width: int = 32
    lr: float = 2e-3
    ema: float = 0.98
    batch: int = 64


def sinusoidal(t, width):
    half = width // 2
    freq = tf.exp(-math.log(1e4) * tf.range(half, dtype=tf.float32) / (half - 1))
    angle = tf.cast(t, tf.float32)[:, None] * freq[None]
    return tf.concat([tf.sin(angle), tf.cos(angle)], axis=-1)


class ResidualBlock(tf.keras.layers.Layer):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.norm = tf.keras.layers.LayerNormalization()
        self.inner = tf.keras.layers.Dense(width, activation="swish")
        self.time = tf.keras.layers.Dense(width)
        self.outer = tf.keras.layers.Dense(width)
        self.gain = self.add_weight(name="gain", shape=(), initializer="ones")

    def call(self, x, emb):
        h = self.inner(self.norm(x)) + self.time(emb)
        return x + self.gain * self.outer(tf.nn.swish(h))


class Denoiser(tf.keras.Model):
    def __init__(self, cfg: DiffusionConfig):
        super().__init__()
        self.cfg = cfg
        self.inp = tf.keras.layers.Dense(cfg.width)
        self.blocks = [ResidualBlock(cfg.width, name=f"res{i}") for i in range(2)]
        self.out = tf.keras.layers.Dense(2)

    def call(self, inputs, training=False):
        x, t = inputs
        emb = sinusoidal(t, self.cfg.width)
        h = self.inp(x)
        for block in self.blocks:
            h = block(h, emb)
        return self.out(h)


class Diffusion:
    def __init__(self, cfg: DiffusionConfig):
        self.cfg = cfg
        beta = np.linspace(cfg.beta_start, cfg.beta_end, cfg.steps)
        self.alpha_bar = tf.constant(np.cumprod(1.0 - beta), tf.float32)
        self.model = Denoiser(cfg)
        self.optimizer = tf.keras.optimizers.Adam(
            tf.keras.optimizers.schedules.CosineDecay(cfg.lr, decay_steps=200))
        self.weights = self.model.trainable_variables
        self.shadow = [tf.Variable(v, trainable=False) for v in self.weights]
        self.step_count = tf.Variable(0, dtype=tf.int64, trainable=False)

    def noised(self, x, t, noise):
        ab = tf.gather(self.alpha_bar, t)[:, None]
        return tf.sqrt(ab) * x + tf.sqrt(1.0 - ab) * noise

    @tf.function
    def step(self, x):
        n = tf.shape(x)[0]
        t = tf.random.uniform([n], 0, self.cfg.steps, tf.int32)
        noise = tf.random.normal(tf.shape(x))
        with tf.GradientTape() as tape:
            predicted = self.model([self.noised(x, t, noise), t], training=True)
            loss = tf.reduce_mean(tf.square(noise - predicted))
        gradients = tape.gradient(loss, self.weights)
        self.optimizer.apply_gradients(zip(gradients, self.weights))
        for s, v in zip(self.shadow, self.weights):
            s.assign(self.cfg.ema * s + (1.0 - self.cfg.ema) * v)
        self.step_count.assign_add(1)
        return loss

    def checkpoint(self):
        return tf.train.Checkpoint(model=self.model, optimizer=self.optimizer, count=self.step_count)


def moons(n, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, math.pi, n)
    side = rng.integers(0, 2, n)
    x = np.where(side, np.cos(t), 1 - np.cos(t))
    y = np.where(side, np.sin(t), 0.5 - np.sin(t))
    return np.stack([x, y], 1).astype("float32")


def train(cfg, folder, steps=8):
    tf.keras.utils.set_random_seed(3)
    data = tf.data.Dataset.from_tensor_slices(moons(640)).shuffle(640, seed=1).batch(cfg.batch).repeat()
    runner = Diffusion(cfg)
    stream = iter(data)
    losses = [float(runner.step(next(stream))) for _ in range(steps)]
    path = runner.checkpoint().save(os.path.join(folder, "ckpt"))
    print("half way", round(np.mean(losses), 4), asdict(cfg)["width"])
    resumed = Diffusion(cfg)
    resumed.optimizer.build(resumed.model.trainable_variables)
    resumed.checkpoint().restore(path).expect_partial()
    losses = [float(resumed.step(next(stream))) for _ in range(steps)]
    print("end", round(np.mean(losses), 4), int(resumed.step_count.numpy()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as tmp:
        train(DiffusionConfig(), pathlib.Path(tmp))
