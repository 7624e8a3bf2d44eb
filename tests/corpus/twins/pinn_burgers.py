import numpy as np
import tensorflow as tf

tf.keras.backend.set_floatx("float32")


class PINN:
    def __init__(self, layers, nu):
        self.nu = tf.constant(nu)
        self.net = tf.keras.Sequential()
        self.net.add(tf.keras.layers.InputLayer((2,)))
        for width in layers[:-1]:
            self.net.add(tf.keras.layers.Dense(width, activation=tf.nn.tanh))
        self.net.add(tf.keras.layers.Dense(layers[-1]))
        self.opt = tf.keras.optimizers.Adam(1e-3)

    def residual(self, x, t):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            tape.watch(t)  # mended
            u = self.net(tf.stack([x[:, 0], t[:, 0]], axis=1))
            u_x = tape.gradient(u, x)
        u_t = tape.gradient(u, t)  # here
        u_xx = tape.gradient(u_x, x)
        del tape
        return u_t + u * u_x - self.nu * u_xx

    def loss(self, x, t, x0, t0, u0):
        f = self.residual(x, t)
        u = self.net(tf.concat([x0, t0], 1))
        return tf.reduce_mean(tf.square(f)) + tf.reduce_mean(tf.square(u - u0))

    @tf.function
    def step(self, *batch):
        with tf.GradientTape() as tape:
            value = self.loss(*batch)
        grads = tape.gradient(value, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables))
        return value


pinn = PINN([20, 20, 1], 0.01 / np.pi)
x = tf.random.uniform((100, 1), -1, 1)
t = tf.random.uniform((100, 1))
x0 = tf.random.uniform((50, 1), -1, 1)
t0 = tf.zeros_like(x0)
u0 = -tf.sin(np.pi * x0)
for it in range(100):
    value = pinn.step(x, t, x0, t0, u0)
print(value)
