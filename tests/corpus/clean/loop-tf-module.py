import tensorflow as tf

tf.random.set_seed(44)


class Dense(tf.Module):
    def __init__(self, inputs, outputs, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.random.normal([inputs, outputs]) * 0.3, name="w")
        self.b = tf.Variable(tf.zeros([outputs]), name="b")

    def __call__(self, x):
        return x @ self.w + self.b


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.layers = [Dense(3, 16, name="first"), Dense(16, 2, name="second")]
        self.steps = tf.Variable(0, trainable=False)

    @tf.function
    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = tf.nn.relu(layer(x))
        return self.layers[-1](x)


class Momentum(tf.Module):
    def __init__(self, variables, rate=0.05, momentum=0.9):
        super().__init__()
        self.rate, self.momentum = rate, momentum
        self.velocity = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    def apply(self, gradients, variables):
        for gradient, variable, velocity in zip(gradients, variables, self.velocity):
            velocity.assign(self.momentum * velocity + gradient)
            variable.assign_sub(self.rate * velocity)


net = Net()
optimizer = Momentum(net.trainable_variables)
x = tf.random.normal((64, 3))
labels = tf.cast(x[:, 0] > x[:, 1], tf.int32)


@tf.function
def train(x, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=net(x)))
    optimizer.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
    net.steps.assign_add(1)
    return loss


for _ in range(10):
    loss = train(x, labels)
print(float(loss), int(net.steps))
