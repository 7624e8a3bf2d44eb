"""FedAvg: clients train copies, the server averages what comes back."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(101)


def make_model():
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])


class Client:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.x = tf.constant(rng.normal(rng.uniform(-1, 1), 1.0, (64, 3)), tf.float32)
        self.y = tf.sin(self.x[:, :1]) + self.x[:, 1:2]
        self.model = make_model()
        self.optimizer = keras.optimizers.SGD(0.05)

    @tf.function
    def _step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(self.x, training=True) - self.y) ** 2)
        v = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, v), v))
        return loss

    def update(self, weights, local_steps=5):
        self.model.set_weights(weights)
        for _ in range(local_steps):
            loss = self._step()
        return self.model.get_weights(), float(loss)


server = make_model()
clients = [Client(s) for s in range(3)]
for rnd in range(12):
    answers = [c.update(server.get_weights()) for c in clients]
    weights, losses = zip(*answers)
    server.set_weights([np.mean(parts, axis=0) for parts in zip(*weights)])
    if rnd % 4 == 3 or rnd == 0:
        print("round", rnd, "loss", np.mean(losses))
