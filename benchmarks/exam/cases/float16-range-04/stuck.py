import numpy as np
import tensorflow as tf
from tensorflow import keras


class ScaledTrainer:
    """float16 compute, float32 weights, own loss scaling."""

    def __init__(self, model, optimizer, scale):
        self.model = model
        self.optimizer = optimizer
        self.scale = tf.Variable(scale, dtype=tf.float32, trainable=False)
        self.skipped = tf.Variable(0, dtype=tf.int64, trainable=False)

    def loss(self, x, y):
        prediction = self.model(x, training=True)
        return tf.reduce_mean(tf.abs(tf.cast(y, tf.float16) - prediction))

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss(x, y)
            scaled = loss * tf.cast(self.scale, loss.dtype)
        gradients = tape.gradient(scaled, self.model.trainable_variables)
        gradients = [tf.cast(g, tf.float32) / self.scale for g in gradients]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(g)) for g in gradients])
        if finite:
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
        else:
            self.skipped.assign_add(1)
        return loss


keras.mixed_precision.set_global_policy("mixed_float16")
keras.utils.set_random_seed(17)
model = keras.Sequential([
    keras.layers.Input((8,)),
    keras.layers.Dense(32, activation="relu", name="hidden"),
    keras.layers.Dense(1, name="score"),
])
optimizer = keras.optimizers.SGD(0.05)
optimizer.build(model.trainable_variables)
trainer = ScaledTrainer(model, optimizer, scale=2.0 ** 17)

x = np.random.randn(512, 8).astype("float32")
y = (x[:, :1] - 0.5 * x[:, 1:2] + 2).astype("float32")
for epoch in range(5):
    for start in range(0, 512, 64):
        loss = trainer.step(tf.constant(x[start:start + 64]), tf.constant(y[start:start + 64]))
    print("epoch", epoch, "loss", float(loss))
