import time

import numpy as np
import tensorflow as tf


class Trainer:
    """Runs epochs, logs with NumPy, stops early, keeps the best weights."""

    def __init__(self, model, optimizer, loss_fn, patience=3, clip=1.0):
        self.model = model
        self.optimizer = optimizer
        self.loss_fn = loss_fn
        self.patience = patience
        self.clip = clip
        self.history = {"train": [], "valid": []}
        self.best = None

    @tf.function
    def _step(self, x, y):
        with tf.GradientTape() as tape:
            prediction = self.model(x, training=True)
            loss = self.loss_fn(y, prediction)
            if self.model.losses:
                loss += tf.add_n(self.model.losses)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        gradients = [tf.clip_by_norm(g, self.clip) if g is not None else None for g in gradients]
        self.optimizer.apply_gradients(
            (g, v) for g, v in zip(gradients, self.model.trainable_variables) if g is not None
        )
        return loss

    @tf.function
    def _evaluate(self, x, y):
        return self.loss_fn(y, self.model(x, training=False))

    def run(self, train, valid, epochs):
        waited = 0
        for epoch in range(epochs):
            start = time.time()
            losses = [self._step(x, y).numpy() for x, y in train]
            self.history["train"].append(np.mean(losses))
            self.history["valid"].append(float(np.mean([self._evaluate(x, y).numpy() for x, y in valid])))
            if self.history["valid"][-1] <= min(self.history["valid"]):
                self.best, waited = self.model.get_weights(), 0
            else:
                waited += 1
            if waited > self.patience:
                break
            assert time.time() >= start
        self.model.set_weights(self.best)
        return self.history


tf.keras.utils.set_random_seed(52)
x = np.random.randn(120, 5).astype("float32")
y = (x[:, 0] * x[:, 1]).astype("float32")
model = tf.keras.Sequential([
    tf.keras.layers.Dense(16, activation="relu", kernel_regularizer=tf.keras.regularizers.L2(1e-3)),
    tf.keras.layers.Dropout(0.1),
    tf.keras.layers.Dense(1),
    tf.keras.layers.Flatten(),
])
train = tf.data.Dataset.from_tensor_slices((x[:96], y[:96, None])).shuffle(96, seed=0).batch(24)
valid = tf.data.Dataset.from_tensor_slices((x[96:], y[96:, None])).batch(24)
history = Trainer(model, tf.keras.optimizers.Adam(0.01), tf.keras.losses.MeanSquaredError()).run(train, valid, 4)
print([round(float(v), 4) for v in history["train"]])
