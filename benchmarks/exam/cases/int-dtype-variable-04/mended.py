import numpy as np
import tensorflow as tf


class ConvNet(tf.Module):
    def __init__(self):
        super().__init__(name="filters")
        g = tf.random.Generator.from_seed(3)
        self.kernel = tf.Variable(g.normal([3, 3, 1, 6], stddev=0.3), name="kernel")
        self.scale = tf.Variable(tf.ones([6]), name="scale")
        self.shift = tf.Variable(tf.zeros([6]), name="shift")
        self.dense = tf.Variable(g.normal([6, 3], stddev=0.3), name="dense")
        self.bias = tf.Variable(tf.zeros([3]), name="bias")

    def __call__(self, images):
        h = tf.nn.conv2d(images, self.kernel, 1, "SAME")
        mean, var = tf.nn.moments(h, [0, 1, 2])
        h = self.scale * (h - mean) / tf.sqrt(var + 1e-5) + self.shift
        h = tf.reduce_mean(tf.nn.relu(h), [1, 2])
        return h @ self.dense + self.bias


class Momentum:
    def __init__(self, variables, rate=0.1, momentum=0.9):
        self.rate, self.momentum = rate, momentum
        self.speed = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients, variables):
        for v, g, s in zip(variables, gradients, self.speed):
            s.assign(self.momentum * s + g)
            v.assign_sub(self.rate * s)


net = ConvNet()
optimizer = Momentum(net.trainable_variables, rate=0.05)


@tf.function(jit_compile=True)
def step(images, labels):
    with tf.GradientTape() as tape:
        logits = net(images)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    gradients = tape.gradient(loss, net.trainable_variables)
    optimizer.apply(gradients, net.trainable_variables)
    return loss


rng = np.random.default_rng(13)
images = rng.normal(size=(96, 6, 6, 1)).astype("float32")
labels = rng.integers(0, 3, 96).astype("int32")
images[labels == 1, :3] += 1.0
images[labels == 2, :, :3] += 1.0
for i in range(30):
    rows = rng.choice(96, 32, replace=False)
    loss = step(images[rows], labels[rows])
print("loss", float(loss))
