import numpy as np
import tensorflow as tf


class SplitOptimizer:
    """Kernels get the sign of the gradient, all else goes to Adam."""

    def __init__(self, rate, fallback):
        self.rate = rate
        self.fallback = fallback

    def apply_gradients(self, grads_and_vars):
        grads_and_vars = list(grads_and_vars)
        signed = [(g, v) for g, v in grads_and_vars if len(v.shape) > 1]
        plain = [(g, v) for g, v in grads_and_vars if len(v.shape) <= 1]
        for grad, var in signed:
            var.assign_sub(self.rate * tf.sign(grad))
        if plain:
            self.fallback.apply_gradients(plain)


tf.keras.utils.set_random_seed(5)
x = np.random.randn(256, 6).astype("float32")
y = (x[:, :2].sum(axis=1, keepdims=True) + 4.0).astype("float32")
model = tf.keras.Sequential([
    tf.keras.layers.Input((6,)),
    tf.keras.layers.Dense(12, activation="relu", name="first"),
    tf.keras.layers.Dense(1, name="second"),
])
optimizer = SplitOptimizer(0.002, tf.keras.optimizers.Adam(0.02))

for step in range(80):
    rows = np.random.choice(256, 32, replace=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x[rows]) - y[rows]))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if step % 20 == 0 or step == 79:
        print(step, "loss", float(loss))
