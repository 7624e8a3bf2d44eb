import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(21)


class Burgers:
    def __init__(self):
        self.net = tf.keras.Sequential([
            tf.keras.Input((2,)),
            *[tf.keras.layers.Dense(12, activation="tanh") for _ in range(2)],
            tf.keras.layers.Dense(1),
        ])
        self.viscosity = tf.Variable(0.1, name="viscosity")
        self.optimizer = tf.keras.optimizers.Adam(2e-3)

    def residual(self, t, x):
        with tf.GradientTape() as second:
            second.watch(x)
            with tf.GradientTape(persistent=True) as first:
                first.watch([t, x])
                u = self.net(tf.concat([t, x], axis=1))
            u_t = first.gradient(u, t)
            u_x = first.gradient(u, x)
        u_xx = second.gradient(u_x, x)
        return u_t + u * u_x - self.viscosity * u_xx

    @tf.function
    def train_step(self, t, x, x0, u0):
        variables = self.net.trainable_variables + [self.viscosity]
        with tf.GradientTape() as tape:
            physics = tf.reduce_mean(tf.square(self.residual(t, x)))
            initial = tf.reduce_mean(tf.square(self.net(tf.concat([tf.zeros_like(x0), x0], axis=1)) - u0))
            loss = physics + initial
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss


rng = np.random.default_rng(0)
t, x = (tf.constant(rng.uniform(lo, 1.0, (64, 1)), tf.float32) for lo in (0.0, -1.0))
x0 = tf.constant(np.linspace(-1, 1, 32)[:, None], tf.float32)
problem = Burgers()
for step in range(6):
    print(step, float(problem.train_step(t, x, x0, -tf.sin(np.pi * x0))))
