import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(151)


class History:
    def __init__(self):
        self.values = {}

    def log(self, name, value):
        self.values.setdefault(name, []).append(value)

    def mean(self, name):
        return np.mean(self.values[name])


history = History()
model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(1)], name="model")
opt = tf.keras.optimizers.SGD(0.1)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    history.log("loss", loss)
    return loss


x = np.random.randn(96, 3).astype("float32")
y = x[:, :1] + 1
for epoch in range(4):
    for i in range(0, 96, 32):
        train_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "loss", history.mean("loss"))
