import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(103)
x = np.random.randn(128, 4).astype("float32")
y = np.tanh(x[:, :1]).astype("float32")


class Fit:
    def __init__(self):
        self.net = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="tanh", name="n")])
        self.opt = tf.keras.optimizers.SGD(0.1)
        self.last_loss = None

    @tf.function
    def step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.net(inputs) - labels))
        self.last_loss = loss
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables))

    def run(self):
        for epoch in range(8):
            for i in range(0, 128, 32):
                self.step(x[i:i + 32], y[i:i + 32])
            print("epoch", epoch, "loss", tf.reduce_mean([self.last_loss, 0.0]).numpy())


Fit().run()
