import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(3)


class RandomFeatures(tf.keras.layers.Layer):
    """Fixed projection in front of a learned readout."""

    def __init__(self, units):
        super().__init__()
        self.units = units
        self.scale = tf.Variable(0.5, trainable=False)

    def build(self, shape):
        self.projection = self.add_weight(
            shape=(shape[-1], self.units), initializer="random_normal", trainable=False
        )

    def call(self, x):
        return tf.cos(self.scale * tf.matmul(x, self.projection))


backbone = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(16)])
backbone.trainable = False
positions = tf.constant(np.sin(np.arange(5)), tf.float32)
model = tf.keras.Sequential([backbone, RandomFeatures(32), tf.keras.layers.Dense(1)])
x = tf.random.normal((40, 5)) + positions
y = tf.reduce_sum(x, axis=1, keepdims=True)
model(x)
optimizer = tf.keras.optimizers.Adam(0.01)
for epoch in range(8):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print(epoch, float(loss), len(model.trainable_variables), len(model.non_trainable_variables))
