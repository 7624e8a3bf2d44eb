import numpy as np
import tensorflow as tf


class SafeSGD(tf.keras.optimizers.SGD):
    def apply_gradients(self, grads_and_vars, **kwargs):
        grads_and_vars = list(grads_and_vars)
        finite = [bool(tf.reduce_all(tf.math.is_finite(g))) for g, _ in grads_and_vars]
        if all(finite):
            return super().apply_gradients(grads_and_vars, **kwargs)


tf.keras.utils.set_random_seed(32)
net = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)], name="net")
x = np.random.rand(64, 2).astype("float32")
y = x[:, :1] * x[:, 1:]
opt = SafeSGD(learning_rate=0.1)

for epoch in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(zip(grads, net.trainable_variables))
    if epoch % 10 == 0:
        print("epoch", epoch, loss.numpy())
