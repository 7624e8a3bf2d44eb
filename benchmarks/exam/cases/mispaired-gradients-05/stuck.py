import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


def encoder():
    return tf.keras.Sequential([
        tf.keras.Input((20,)),
        layers.Dense(20, activation="relu", name="enc_1"),
        layers.Dense(20, activation="relu", name="enc_2"),
    ], name="encoder")


class Finetuner:
    def __init__(self, classes, body_rate, head_rate):
        self.encoder = encoder()
        self.head = tf.keras.Sequential([tf.keras.Input((20,)), layers.Dense(20, activation="relu", name="head_1"),
                                         layers.Dense(20, name="head_2")], name="head")
        self.body_opt = tf.keras.optimizers.SGD(body_rate, momentum=0.9)
        self.head_opt = tf.keras.optimizers.Adam(head_rate)
        self.loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.accuracy = tf.keras.metrics.SparseCategoricalAccuracy()

    @property
    def body_weights(self):
        return self.encoder.trainable_variables

    @property
    def head_weights(self):
        return self.head.trainable_variables

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            logits = self.head(self.encoder(x, training=True), training=True)
            loss = self.loss(y, logits)
        grads = tape.gradient(loss, self.head_weights + self.body_weights)
        cut = len(self.body_weights)
        self.body_opt.apply_gradients(zip(grads[:cut], self.body_weights))
        self.head_opt.apply_gradients(zip(grads[cut:], self.head_weights))
        self.accuracy.update_state(y, logits)
        return loss


def blobs(rng, n):
    y = rng.integers(0, 5, n)
    centre = np.random.default_rng(0).normal(size=(5, 20)) * 1.2
    return (centre[y] + rng.normal(size=(n, 20))).astype("float32"), y.astype("int64")


tf.keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
x, y = blobs(rng, 600)
tuner = Finetuner(5, body_rate=0.01, head_rate=3e-3)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(600, seed=2).batch(30)
for epoch in range(3):
    tuner.accuracy.reset_state() if hasattr(tuner.accuracy, "reset_state") else tuner.accuracy.reset_states()
    losses = [float(tuner.step(a, b)) for a, b in data]
    print("epoch", epoch, "loss", np.mean(losses), "accuracy", float(tuner.accuracy.result()))
