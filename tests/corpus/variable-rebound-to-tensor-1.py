import tensorflow as tf

tf.random.set_seed(115)


class MatrixFactorisation:
    def __init__(self, rows, columns, rank):
        self.P = tf.Variable(tf.random.normal((rows, rank), stddev=0.3))
        self.Q = tf.Variable(tf.random.normal((rank, columns), stddev=0.3))

    def loss(self, R):
        return tf.reduce_sum(tf.square(R - self.P @ self.Q))

    def step(self, R, alpha):
        with tf.GradientTape() as tape:
            cost = self.loss(R)
        dP, dQ = tape.gradient(cost, [self.P, self.Q])
        self.P = self.P - alpha * dP
        self.Q = self.Q - alpha * dQ
        return cost


R = tf.random.uniform((6, 5))
model = MatrixFactorisation(6, 5, 2)
for i in range(20):
    print(i, float(model.step(R, 0.01)))
