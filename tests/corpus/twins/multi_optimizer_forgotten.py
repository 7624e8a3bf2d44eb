import tensorflow as tf
from tensorflow.keras import layers, optimizers


class TwoTimescale:
    def __init__(self):
        self.backbone = tf.keras.Sequential([tf.keras.Input((6,)), layers.Dense(32, "relu")])
        self.head = tf.keras.Sequential([tf.keras.Input((32,)), layers.Dense(1)])
        self.slow, self.fast = optimizers.SGD(1e-4), optimizers.SGD(1e-2)

    @tf.function
    def step(self, x, y):
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.reduce_mean((self.head(self.backbone(x)) - y) ** 2)
        slow = tape.gradient(loss, self.backbone.trainable_variables)  # here
        fast = tape.gradient(loss, self.head.trainable_variables)
        self.slow.apply_gradients(zip(slow, self.backbone.trainable_variables))  # mended
        self.fast.apply_gradients(zip(fast, self.head.trainable_variables))
        del tape
        return loss


m = TwoTimescale()
for _ in range(4):
    m.step(tf.random.normal((8, 6)), tf.random.normal((8, 1)))
