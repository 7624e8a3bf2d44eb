import numpy as np
import tensorflow as tf


class MyAdam:
    def __init__(self, lr=1e-2, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m, self.v = None, None

    def step(self, params, grads):
        if self.m is None:
            self.m = [tf.zeros_like(p) for p in params]
            self.v = [tf.zeros_like(p) for p in params]
        self.t += 1
        for i, (p, g) in enumerate(zip(params, grads)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            m_hat = self.m[i] / (1 - self.beta1 ** self.t)
            v_hat = self.v[i] / (1 - self.beta2 ** self.t)
            p.assign_sub(self.lr * m_hat / (tf.sqrt(v_hat) + self.eps))


rng = np.random.default_rng(4)
X = rng.normal(size=(100, 3)).astype("float32")
t = (X @ np.array([[1.0], [2.0], [-1.0]], "float32") + 0.5).astype("float32")
W = tf.Variable(np.zeros((3, 1), "float32"), name="W")
b = tf.Variable(np.zeros(1, "float32"), name="b")
opt = MyAdam(lr=0.05)

for it in range(200):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((X @ W + b - t) ** 2)
    opt.step([W, b], tape.gradient(loss, [W, b]))
    if it % 50 == 0:
        print(it, loss.numpy())
