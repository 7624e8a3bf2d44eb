import tensorflow as tf

tf.random.set_seed(121)


class Perceptron(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal((4, 1), stddev=0.1))
        self.b = tf.Variable([0.0])

    def __call__(self, x):
        return tf.sigmoid(x @ self.w + self.b)


def sgd_update(params, grads, rate):
    updated = []
    for p, g in zip(params, grads):
        updated.append(p - rate * g)
    return updated


net = Perceptron()
x = tf.random.normal((100, 4))
y = tf.cast(x[:, :1] - x[:, 1:2] > 0, tf.float32)
params = list(net.trainable_variables)
for epoch in range(10):
    with tf.GradientTape() as tape:
        p = net(x)
        loss = -tf.reduce_mean(y * tf.math.log(p + 1e-7) + (1 - y) * tf.math.log(1 - p + 1e-7))
    grads = tape.gradient(loss, net.trainable_variables)
    params = sgd_update(params, grads, 0.5)
    print(epoch, float(loss))
