"""Lookahead: fast weights run ahead for five steps, slow weights follow half the way."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(22)


class Lookahead:
    def __init__(self, optimizer, variables, every=5, alpha=0.5):
        self.optimizer = optimizer
        self.variables = variables
        self.slow = [tf.Variable(v, trainable=False) for v in variables]
        self.every = every
        self.alpha = alpha
        self.count = tf.Variable(0, trainable=False, dtype=tf.int64)

    def apply(self, grads):
        self.optimizer.apply_gradients(zip(grads, self.variables))
        self.count.assign_add(1)
        if self.count % self.every == 0:
            for slow, fast in zip(self.slow, self.variables):
                slow.assign_add(self.alpha * (fast - slow))
                fast.assign(slow)


net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(24, activation="tanh"), keras.layers.Dense(1)])
inner = keras.optimizers.Adam(1e-2)
inner.build(net.trainable_variables)
ahead = Lookahead(inner, net.trainable_variables)


@tf.function
def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x, training=True) - y) ** 2)
    ahead.apply(tape.gradient(loss, net.trainable_variables))
    return loss


x = tf.random.uniform((256, 4), -2, 2)
y = tf.math.sin(x[:, 0:1]) * tf.math.cos(x[:, 1:2])
for i in range(200):
    loss = train(x, y)
    if i % 50 == 0 or i == 199:
        print(f"step {i} loss {loss.numpy():.5f}")
