import numpy as np
import tensorflow as tf


class Field(tf.Module):
    """u(t, x) of a Burgers problem, as a plain network."""

    def __init__(self, widths, seed=0, name="field"):
        super().__init__(name=name)
        rng = np.random.default_rng(seed)
        self.layers = []
        for k, (a, b) in enumerate(zip(widths[:-1], widths[1:])):
            w = tf.Variable(rng.normal(0, np.sqrt(2 / (a + b)), (a, b)).astype("float32"), name=f"w{k}")
            c = tf.Variable(tf.zeros([b]), name=f"b{k}")
            self.layers.append((w, c))

    def __call__(self, t, x):
        h = tf.concat([t, x], axis=1)
        for w, c in self.layers[:-1]:
            h = tf.tanh(tf.matmul(h, w) + c)
        w, c = self.layers[-1]
        return tf.matmul(h, w) + c


class Inverse:
    def __init__(self):
        self.field = Field([2, 16, 16, 1])
        self.log_nu = tf.Variable(-3.0, name="log_nu")
        self.optimizer = tf.keras.optimizers.Adam(1e-3)
        self.unknowns = list(self.field.trainable_variables) + [self.log_nu]

    def residual(self, t, x):
        with tf.GradientTape() as second:
            second.watch(x)
            with tf.GradientTape(persistent=True) as first:
                first.watch(t)
                first.watch(x)
                u = self.field(t, x)
            u_t = first.gradient(u, t)
            u_x = first.gradient(u, x)
        u_xx = second.gradient(u_x, x)
        return u_t + u * u_x - tf.exp(self.log_nu) * u_xx

    @tf.function
    def train(self, t, x, td, xd, ud):
        with tf.GradientTape() as tape:
            physics = tf.reduce_mean(tf.square(self.residual(t, x)))
            fit = tf.reduce_mean(tf.square(self.field(td, xd) - ud))
            loss = physics + 10.0 * fit
        gradients = tape.gradient(loss, self.unknowns)
        self.optimizer.apply_gradients(zip(gradients, self.unknowns))
        return loss


rng = np.random.default_rng(4)
t = tf.constant(rng.uniform(0, 1, (128, 1)), tf.float32)
x = tf.constant(rng.uniform(-1, 1, (128, 1)), tf.float32)
td = tf.constant(np.zeros((64, 1)), tf.float32)
xd = tf.constant(rng.uniform(-1, 1, (64, 1)), tf.float32)
ud = -tf.sin(np.pi * xd)
problem = Inverse()
for it in range(40):
    loss = problem.train(t, x, td, xd, ud)
print("loss", float(loss), "nu", float(tf.exp(problem.log_nu)))
