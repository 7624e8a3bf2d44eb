import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(95)
x = np.random.randn(160, 5).astype("float32")
y = (x ** 2).sum(axis=1, keepdims=True).astype("float32")


class Trainer:
    def __init__(self):
        self.net = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(24, activation="relu", name="w1"),
                                        tf.keras.layers.Dense(1, name="w2")])
        self.optimizer = tf.keras.optimizers.SGD(0.01)

    @tf.function
    def step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.net(inputs) - labels))
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
        return loss

    def epochs(self, count):
        for epoch in range(count):
            for i in range(0, 160, 40):
                loss = self.step(x[i:i + 40], y[i:i + 40])
            print("loss", float(loss))


trainer = Trainer()
trainer.epochs(5)
trainer.optimizer = tf.keras.optimizers.SGD(1e-4)
trainer.epochs(5)
