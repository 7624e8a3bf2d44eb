import numpy as np
import tensorflow as tf

tf.random.set_seed(22)


class Adam:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 1
        self.state = {}

    def __call__(self, grads_and_vars):
        for g, w in grads_and_vars:
            m, v = self.state.get(w.ref(), (tf.zeros_like(w), tf.zeros_like(w)))
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g * g
            self.state[w.ref()] = m, v
            m_hat = m / (1 - self.beta1 ** self.t)
            v_hat = v / (1 - self.beta2 ** self.t)
            w.assign_sub(self.lr * m_hat / (tf.sqrt(v_hat) + self.eps))


kernel = tf.Variable(tf.random.normal((6, 12), stddev=0.3, seed=3), name="kernel")
bias = tf.Variable(tf.zeros(12), name="bias")
readout = tf.Variable(tf.random.normal((12, 2), stddev=0.3, seed=4), name="readout")
params = [kernel, bias, readout]


def logits(x):
    return tf.nn.elu(x @ kernel + bias) @ readout


optimizer = Adam()
rng = np.random.default_rng(2)
x = rng.normal(size=(200, 6)).astype("float32")
labels = (x[:, 0] * x[:, 1] > 0).astype("int32")
for i in range(60):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits(x)))
    optimizer(zip(tape.gradient(loss, params), params))
    if i % 20 == 0:
        print("iteration", i, "loss", float(loss))
