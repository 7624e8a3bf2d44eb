import tensorflow as tf

tf.random.set_seed(129)


class Momentum:
    def __init__(self, variables, rate, momentum=0.9):
        self.variables = variables
        self.rate, self.momentum = rate, momentum
        self.velocities = [tf.Variable(tf.zeros_like(v)) for v in variables]

    def step(self, grads):
        for v, g, velocity in zip(self.variables, grads, self.velocities):
            velocity.assign(self.momentum * velocity + (1.0 - self.momentum) * g)
            v.assign(v + self.rate * velocity)


weights = tf.Variable(tf.random.normal((6, 1), stddev=0.1), name="weights")
bias = tf.Variable(0.0, name="bias")
optimizer = Momentum([weights, bias], 0.05)
x = tf.random.normal((100, 6))
y = x @ tf.random.normal((6, 1)) + 0.3
for step in range(30):
    with tf.GradientTape() as tape:
        mse = tf.reduce_mean(tf.square(x @ weights + bias - y))
    optimizer.step(tape.gradient(mse, [weights, bias]))
    if step % 10 == 0:
        print(step, float(mse))
