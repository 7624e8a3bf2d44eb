"""A PDE in two inputs: derivatives by one persistent tape inside another."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(69)


class HeatNet:
    def __init__(self):
        layers = [keras.layers.Input((2,))] + [keras.layers.Dense(20, activation="tanh")] * 1
        self.model = keras.Sequential(layers + [keras.layers.Dense(20, activation="tanh"), keras.layers.Dense(1)])
        self.opt = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(1e-2, 100, 0.9))

    def residual(self, x, t):
        with tf.GradientTape(persistent=True) as tape2:
            tape2.watch([x, t])
            with tf.GradientTape(persistent=True) as tape1:
                tape1.watch([x, t])
                u = self.model(tf.concat([x, t], 1))
            u_x = tape1.gradient(u, x)
            u_t = tape1.gradient(u, t)
        u_xx = tape2.gradient(u_x, x)
        return u_t - 0.1 * u_xx

    @tf.function
    def train_step(self, x, t, x0, u0, tb):
        with tf.GradientTape() as tape:
            f = self.residual(x, t)
            start = self.model(tf.concat([x0, tf.zeros_like(x0)], 1)) - u0
            left = self.model(tf.concat([tf.zeros_like(tb), tb], 1))
            right = self.model(tf.concat([tf.ones_like(tb), tb], 1))
            loss = sum(tf.reduce_mean(tf.square(term)) for term in (f, start, left, right))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss


net = HeatNet()
rng = np.random.default_rng(69)
x0 = tf.constant(np.linspace(0, 1, 40)[:, None], tf.float32)
for it in range(200):
    x, t, tb = (tf.constant(rng.uniform(0, 1, (64, 1)), tf.float32) for _ in range(3))
    loss = net.train_step(x, t, x0, tf.sin(np.pi * x0), tb)
    if it % 66 == 0:
        tf.get_logger().info("it %d", it)
        print("it", it, "loss", loss.numpy())
