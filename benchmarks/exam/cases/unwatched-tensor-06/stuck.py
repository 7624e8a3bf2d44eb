import numpy as np
import tensorflow as tf


class HeatPINN:
    def __init__(self, points):
        self.X = tf.constant(points, tf.float32)
        self.x, self.t = self.X[:, 0:1], self.X[:, 1:2]
        self.net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
        self.opt = tf.keras.optimizers.Adam(5e-3)

    def residual(self):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([self.x, self.t])
            u = self.net(self.X)
        u_x = tape.gradient(u, self.x)
        u_t = tape.gradient(u, self.t)
        return u_t + 0.5 * u_x

    def step(self):
        with tf.GradientTape() as tape:
            pde = tf.reduce_mean(tf.square(self.residual()))
            start = tf.concat([self.x, tf.zeros_like(self.t)], axis=1)
            ic = tf.reduce_mean(tf.square(self.net(start) - tf.sin(self.x)))
            loss = pde + ic
        variables = self.net.trainable_variables
        self.opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss


tf.keras.utils.set_random_seed(55)
pinn = HeatPINN(np.random.uniform(0, 1, (200, 2)))
for it in range(60):
    loss = pinn.step()
    if it % 20 == 0:
        print(it, float(loss))
