"""An LSTM cell gate by gate in a tf.Module; Adam from scratch with slots as variables."""
import tensorflow as tf

tf.random.set_seed(49)


class LSTM(tf.Module):
    def __init__(self, inputs, units):
        super().__init__()
        self.units = units
        k = (1.0 / units) ** 0.5
        self.w = tf.Variable(tf.random.uniform((inputs + units, 4 * units), -k, k), name="kernel")
        self.b = tf.Variable(tf.concat([tf.zeros(units), tf.ones(units), tf.zeros(2 * units)], 0), name="bias")
        self.out = tf.Variable(tf.random.uniform((units, 1), -k, k), name="readout")

    def __call__(self, sequence):
        batch = tf.shape(sequence)[0]
        h = c = tf.zeros((batch, self.units))
        for t in range(sequence.shape[1]):
            z = tf.concat([sequence[:, t], h], axis=1) @ self.w + self.b
            i, f, g, o = tf.split(z, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
        return h @ self.out


class Adam(tf.Module):
    def __init__(self, params, lr=1e-2, b1=0.9, b2=0.999):
        super().__init__()
        self.params, self.lr, self.b1, self.b2 = params, lr, b1, b2
        self.m = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]
        self.v = [tf.Variable(tf.zeros_like(p), trainable=False) for p in params]
        self.t = tf.Variable(0.0, trainable=False)

    def step(self, grads):
        self.t.assign_add(1.0)
        for p, g, m, v in zip(self.params, grads, self.m, self.v):
            m.assign(self.b1 * m + (1 - self.b1) * g)
            v.assign(self.b2 * v + (1 - self.b2) * g**2)
            mhat = m / (1 - self.b1**self.t)
            vhat = v / (1 - self.b2**self.t)
            p.assign_sub(self.lr * mhat / (tf.sqrt(vhat) + 1e-8))


net = LSTM(1, 16)
adam = Adam(net.trainable_variables)


@tf.function
def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    adam.step(tape.gradient(loss, net.trainable_variables))
    return loss


for i in range(150):
    x = tf.random.uniform((32, 8, 1))
    loss = train(x, tf.reduce_max(x, axis=1))
    if i % 50 == 0 or i == 149:
        print("loss", float(loss))
