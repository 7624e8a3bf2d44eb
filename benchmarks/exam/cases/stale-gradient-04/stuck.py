import numpy as np
import tensorflow as tf


def make_data(n=200, seed=0):
    rng = np.random.RandomState(seed)
    x = rng.uniform(-2, 2, size=(n, 2)).astype("float32")
    y = (2.0 * x[:, 0] - 1.0 * x[:, 1] + 0.5).astype("float32")
    return x, y


class LinearModel:
    def __init__(self):
        self.w = tf.Variable(tf.random.normal([2, 1], seed=3), name="w")
        self.b = tf.Variable(0.0, name="b")
        self.log_noise = tf.Variable(0.0, name="log_noise")

    def __call__(self, x):
        return tf.squeeze(tf.matmul(x, self.w), -1) + self.b

    @property
    def params(self):
        return [self.w, self.b, self.log_noise]


def nll(model, x, y):
    err = y - model(x)
    return tf.reduce_mean(0.5 * tf.square(err) * tf.exp(-2.0 * model.log_noise) + model.log_noise)


def fit(model, x, y, epochs=30, lr=0.05):
    history = []
    with tf.GradientTape() as t:
        loss = nll(model, x, y)
    grads = t.gradient(loss, model.params)
    for epoch in range(epochs):
        for p, g in zip(model.params, grads):
            p.assign_sub(lr * g)
        history.append(loss.numpy())
    return history


tf.random.set_seed(0)
x, y = make_data()
model = LinearModel()
h = fit(model, x, y)
print(h[0], "->", h[-1], model.w.numpy().ravel(), model.b.numpy())
