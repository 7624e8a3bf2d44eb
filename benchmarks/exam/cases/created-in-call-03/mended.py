import numpy as np
import tensorflow as tf


from tensorflow.keras import layers


def projection(width):
    return layers.Dense(width, activation="relu")


class ResidualTower(tf.keras.Model):
    def __init__(self, width, depth):
        super().__init__()
        self.stem = layers.Dense(width)
        self.inner = [projection(width) for _ in range(depth)]
        self.top = layers.Dense(1)

    def call(self, x):
        h = self.stem(x)
        for block in self.inner:
            h = h + block(h)
        return self.top(h)


tf.random.set_seed(21)
gen = np.random.default_rng(21)
x = gen.normal(size=(200, 4)).astype("float32")
y = np.abs(x[:, :1]).astype("float32")
tower = ResidualTower(16, 2)
sgd = tf.keras.optimizers.SGD(0.02)
losses = []
for i in range(40):
    rows = gen.choice(200, 50)
    with tf.GradientTape() as tape:
        out = tower(x[rows])
        loss = tf.reduce_mean((out - y[rows]) ** 2)
    params = tower.trainable_variables
    sgd.apply_gradients(zip(tape.gradient(loss, params), params))
    losses.append(float(loss))
print(np.mean(losses[:10]), np.mean(losses[-10:]))
