"""Mixture of experts for a piecewise function."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

CONFIG = {"experts": 4, "hidden": 16, "lr": 0.01, "balance": 0.01, "steps": 60, "batch": 64}
keras.utils.set_random_seed(13)


class Expert(keras.layers.Layer):
    def __init__(self, hidden, **kw):
        super().__init__(**kw)
        self.up = keras.layers.Dense(hidden, activation="gelu")
        self.down = keras.layers.Dense(1)

    def build(self, shape):
        self.up.build(shape)
        self.down.build((None, self.up.units))
        self.built = True

    def call(self, x):
        return self.down(self.up(x))


class Mixture(keras.Model):
    def __init__(self, cfg):
        super().__init__()
        self.n = cfg["experts"]
        self.gate = keras.layers.Dense(self.n, name="gate")
        self.experts = [Expert(cfg["hidden"], name=f"expert_{i}") for i in range(self.n)]

    def call(self, x):
        probs = tf.nn.softmax(self.gate(x))
        outputs = tf.stack([e(x)[:, 0] for e in self.experts], axis=1)
        return tf.reduce_sum(probs * outputs, axis=1), probs


def load_balance(probs):
    share = tf.reduce_mean(probs, axis=0)
    return tf.reduce_sum(share * tf.math.log(share + 1e-8))


def make_step(model, optimizer, cfg):
    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            pred, probs = model(x)
            mse = tf.reduce_mean(tf.square(pred - y))
            loss = mse + cfg["balance"] * load_balance(probs)
        weights = list(model.gate.trainable_variables)
        for expert in model.experts:
            weights += expert.trainable_variables
            weights += model.gate.trainable_variables
        grads = tape.gradient(loss, weights)
        optimizer.apply_gradients(zip(grads, weights))
        return mse
    return step


rng = np.random.default_rng(13)
x = rng.uniform(-3, 3, (1024, 2)).astype("float32")
y = np.where(x[:, 0] > 0, np.sin(2 * x[:, 1]), 0.5 * x[:, 1]).astype("float32")
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1024, seed=1).repeat().batch(CONFIG["batch"])
model = Mixture(CONFIG)
model(x[:2])
step = make_step(model, keras.optimizers.Adam(CONFIG["lr"]), CONFIG)
mean = keras.metrics.Mean()
for i, (bx, by) in enumerate(data.take(CONFIG["steps"])):
    mean.update_state(step(bx, by))
    if (i + 1) % 20 == 0:
        print(i + 1, float(mean.result()))
        mean.reset_state()
