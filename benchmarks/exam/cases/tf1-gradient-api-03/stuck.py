"""Hamiltonian network: learn H so that its gradient gives the motion."""
import numpy as np
import tensorflow as tf
from tensorflow import keras


class Hamiltonian(keras.Model):
    def __init__(self, width=32):
        super().__init__()
        self.a = keras.layers.Dense(width, activation="tanh")
        self.b = keras.layers.Dense(width, activation="tanh")
        self.out = keras.layers.Dense(1, use_bias=False)

    def call(self, z):
        return self.out(self.b(self.a(z)))


def symplectic(g):
    dq, dp = tf.split(g, 2, axis=1)
    return tf.concat([dp, -dq], axis=1)


class Trainer:
    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer

    def field(self, z):
        energy = tf.reduce_sum(self.model(z))
        return symplectic(tf.gradients(energy, z)[0])

    @tf.function
    def step(self, z, dz):
        with tf.GradientTape() as outer:
            flow = self.field(z)
            loss = tf.reduce_mean(tf.square(flow - dz))
        weights = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(outer.gradient(loss, weights), weights))
        return loss


def pendulum(n, seed):
    rng = np.random.default_rng(seed)
    z = rng.uniform(-2, 2, (n, 2)).astype("float32")
    return z, np.stack([z[:, 1], -np.sin(z[:, 0])], 1).astype("float32")


if __name__ == "__main__":
    keras.utils.set_random_seed(60)
    z, dz = pendulum(512, 60)
    model = Hamiltonian()
    model(z[:1])
    trainer = Trainer(model, keras.optimizers.Adam(0.005))
    data = tf.data.Dataset.from_tensor_slices((z, dz)).shuffle(512, seed=1).batch(64).repeat(8)
    for n, (a, b) in enumerate(data):
        loss = trainer.step(a, b)
        if n % 16 == 0:
            drift = tf.reduce_mean(tf.reduce_sum(trainer.field(a) * symplectic(trainer.field(a)), 1))
            print(n, round(float(loss), 5), "drift", round(float(drift), 6))
