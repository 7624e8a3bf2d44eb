import tensorflow as tf


class GatedUnit(tf.Module):
    def __init__(self, d, name=None):
        super().__init__(name=name)
        self.d = d
        self.w = tf.Variable(tf.random.normal([d, d], stddev=0.3), name="w")
        self.b = tf.Variable(tf.zeros([d]), name="b")

    def __call__(self, x):
        gate = tf.Variable(tf.random.normal([self.d, self.d], stddev=0.3), name="gate")
        return tf.tanh(x @ self.w + self.b) * tf.sigmoid(x @ gate) + x


class Stack(tf.Module):
    def __init__(self, d, depth):
        super().__init__()
        self.units = [GatedUnit(d) for _ in range(depth)]
        self.out = tf.Variable(tf.random.normal([d, 1], stddev=0.3), name="out")

    def __call__(self, x):
        for unit in self.units:
            x = unit(x)
        return x @ self.out


def sgd(variables, gradients, rate):
    for v, g in zip(variables, gradients):
        v.assign_sub(rate * g)


def main():
    tf.random.set_seed(3)
    x = tf.random.normal([200, 4])
    y = tf.reduce_sum(x[:, :2], axis=1, keepdims=True) * 0.5
    net = Stack(4, 2)
    for step in range(40):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        sgd(net.trainable_variables, tape.gradient(loss, net.trainable_variables), 0.05)
        if step % 10 == 0:
            tf.print("step", step, "loss", loss)


main()
