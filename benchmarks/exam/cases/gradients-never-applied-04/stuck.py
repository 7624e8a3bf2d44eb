from abc import ABC, abstractmethod

import numpy as np
import tensorflow as tf

REGISTRY = {}


def register(name):
    def add(cls):
        REGISTRY[name] = cls
        return cls
    return add


def mlp(sizes, name, last=None):
    model = tf.keras.Sequential(name=name)
    model.add(tf.keras.Input((sizes[0],)))
    for i, n in enumerate(sizes[1:-1]):
        model.add(tf.keras.layers.Dense(n, activation="relu", name=f"{name}_{i}"))
    model.add(tf.keras.layers.Dense(sizes[-1], activation=last, name=f"{name}_out"))
    return model


class BaseTrainer(ABC):
    def __init__(self, options):
        self.options = options
        self.build()
        self.hooks = []

    @abstractmethod
    def build(self): ...

    @abstractmethod
    def step(self, real): ...

    def train(self, data):
        for epoch in range(self.options["epochs"]):
            logs = [self.step(real) for real in data]
            means = {k: float(np.mean([float(l[k]) for l in logs if k in l])) for k in ("critic", "generator")}
            for hook in self.hooks:
                hook(epoch, means)


@register("wgan")
class WGAN(BaseTrainer):
    def build(self):
        o = self.options
        self.generator = mlp((o["noise"], 24, 24, 2), "generator")
        self.critic = mlp((2, 24, 24, 1), "critic")
        self.generator_optimizer = tf.keras.optimizers.RMSprop(o["rate"])
        self.critic_optimizer = tf.keras.optimizers.RMSprop(o["rate"])
        self.turn = 0

    def noise(self, n):
        return tf.random.normal([n, self.options["noise"]])

    @tf.function
    def critic_step(self, real):
        fake = self.generator(self.noise(tf.shape(real)[0]))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.critic(fake)) - tf.reduce_mean(self.critic(real))
        weights = self.critic.trainable_variables
        self.critic_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        for w in weights:
            w.assign(tf.clip_by_value(w, -self.options["bound"], self.options["bound"]))
        return loss

    @tf.function
    def generator_step(self, n):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.critic(self.generator(self.noise(n))))
        weights = self.generator.trainable_variables
        gradients = tape.gradient(loss, weights)
        for g, w in zip(gradients, weights):
            g = tf.clip_by_norm(g, 5.0)
        return loss

    def step(self, real):
        logs = {"critic": self.critic_step(real)}
        self.turn += 1
        if self.turn % self.options["critic_steps"] == 0:
            logs["generator"] = self.generator_step(real.shape[0])
        return logs


def main():
    tf.keras.utils.set_random_seed(21)
    points = np.random.default_rng(21).normal([1.0, 0.5], 0.2, (640, 2)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(points).shuffle(640, seed=2).batch(32, drop_remainder=True)
    trainer = REGISTRY["wgan"](dict(epochs=4, noise=3, rate=2e-3, bound=0.2, critic_steps=4))
    trainer.hooks.append(lambda epoch, means: print(epoch, {k: round(v, 4) for k, v in means.items()}))
    trainer.train(data)


main()
