import tensorflow as tf


class Net(tf.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = [(tf.Variable(tf.random.normal([a, b], stddev=a ** -0.5, seed=i), name=f"w{i}"),
                        tf.Variable(tf.zeros([b]), name=f"b{i}")) for i, (a, b) in enumerate(zip(sizes, sizes[1:]))]

    def __call__(self, x):
        for w, b in self.layers[:-1]:
            x = tf.nn.tanh(x @ w + b)
        w, b = self.layers[-1]
        return x @ w + b


class HandAdam:
    def __init__(self, variables, rate=0.01, b1=0.9, b2=0.999):
        self.rate, self.b1, self.b2 = rate, b1, b2
        self.t = tf.Variable(0.0, trainable=False)
        self.m = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self.v = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def update(self, grads, variables):
        self.t.assign_add(1.0)
        for var, g, m, v in zip(variables, grads, self.m, self.v):
            m.assign(self.b1 * m + (1 - self.b1) * g)
            v.assign(self.b2 * v + (1 - self.b2) * g * g)
            m_hat = m / (1 - self.b1 ** self.t)
            v_hat = v / (1 - self.b2 ** self.t)
            var.assign_sub(self.rate * m_hat / (tf.sqrt(v_hat) + 1e-8))


tf.random.set_seed(0)
net = Net([4, 16, 16, 1])
adam = HandAdam(net.trainable_variables)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    adam.update(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
    return loss


x = tf.random.normal([64, 4], seed=1)
y = tf.sin(x[:, :1]) * x[:, 1:2]
for i in range(60):
    loss = step(x, y)
print("loss", float(loss))
