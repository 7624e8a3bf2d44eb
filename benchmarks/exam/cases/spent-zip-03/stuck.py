import numpy as np
import tensorflow as tf

rng = np.random.default_rng(3)
tf.random.set_seed(3)


class Linear(tf.Module):
    def __init__(self, n_in, n_out, name=None):
        super().__init__(name=name)
        self.kernel = tf.Variable(rng.normal(size=(n_in, n_out)).astype("float32") * 0.3, name="kernel")
        self.bias = tf.Variable(tf.zeros([n_out]), name="bias")

    def __call__(self, x):
        return x @ self.kernel + self.bias


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Linear(4, 16, "first"), Linear(16, 1, "second")

    def __call__(self, x):
        return self.second(tf.nn.sigmoid(self.first(x)))


def fit(net, x, y, lr=0.05, steps=50, verbose=True):
    for i in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        pairs = zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
        norms = {v.name: float(tf.norm(g)) for g, v in pairs}
        for gradient, variable in pairs:
            variable.assign_sub(lr * gradient)
        if verbose and i % 10 == 0:
            print(f"{i:4d} loss {float(loss):.4f} largest gradient {max(norms.values()):.4f}")


x = rng.normal(size=(150, 4)).astype("float32")
y = (x[:, :1] - 0.5 * x[:, 1:2] + 1.0).astype("float32")
fit(Net(), x, y)
