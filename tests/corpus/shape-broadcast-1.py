import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(131)
hours = np.random.uniform(0, 24, (240, 1)).astype("float32")
load = (10.0 + 3.0 * np.sin(hours[:, 0] / 24 * 2 * np.pi)).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Rescaling(1 / 24.0), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.02)


class Quantile:
    def __init__(self, q):
        self.q = q

    def __call__(self, target, prediction):
        error = target - prediction
        return tf.reduce_mean(tf.maximum(self.q * error, (self.q - 1.0) * error))


pinball = Quantile(0.5)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = pinball(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(4):
    for x, y in tf.data.Dataset.from_tensor_slices((hours, load)).batch(40):
        loss = train_step(x, y)
    print(epoch, float(loss))
