import tensorflow as tf


class Momentum:
    """Plain heavy-ball, written by hand for the lecture."""

    def __init__(self, params, lr=0.01, beta=0.9):
        self.params = params
        self.lr, self.beta = lr, beta
        self.velocity = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]

    def step(self, grads):
        for i, (p, g, v) in enumerate(zip(self.params, grads, self.velocity)):
            v.assign(self.beta * v + g)
            self.params[i] = p - self.lr * v  # stuck
            p.assign_sub(self.lr * v)  # mended


class TwoLayer(tf.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.w1 = tf.Variable(tf.random.normal((n_in, n_hidden), stddev=0.1))
        self.b1 = tf.Variable(tf.zeros(n_hidden))
        self.w2 = tf.Variable(tf.random.normal((n_hidden, n_out), stddev=0.1))
        self.b2 = tf.Variable(tf.zeros(n_out))

    def __call__(self, x):
        return tf.nn.tanh(x @ self.w1 + self.b1) @ self.w2 + self.b2


net = TwoLayer(3, 16, 1)
opt = Momentum(list(net.trainable_variables))
x = tf.random.normal((128, 3))
y = tf.math.sin(tf.reduce_sum(x, 1, keepdims=True))
for step in range(200):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    opt.step(grads)
    if step % 50 == 0:
        tf.print(step, loss)
