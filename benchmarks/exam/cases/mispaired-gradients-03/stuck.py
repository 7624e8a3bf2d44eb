import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(99)
x = np.random.randn(200, 6).astype("float32")
y = np.sin(x).astype("float32")


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.skip = tf.keras.layers.Dense(6, use_bias=False, name="skip")
        self.one = tf.keras.layers.Dense(6, activation="tanh", use_bias=False, name="one")
        self.two = tf.keras.layers.Dense(6, activation="tanh", use_bias=False, name="two")
        self.out = tf.keras.layers.Dense(6, use_bias=False, name="out")

    def call(self, inputs, use_skip=False):
        hidden = self.two(self.one(inputs))
        if use_skip:
            hidden = hidden + self.skip(inputs)
        return self.out(hidden)


net = Net()
net(x[:1], use_skip=True)
optimizer = tf.keras.optimizers.SGD(0.1)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(inputs) - labels))
    grads = tape.gradient(loss, net.trainable_variables)
    grads = [g for g in grads if g is not None]
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return loss


for epoch in range(15):
    for i in range(0, 200, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(loss))
