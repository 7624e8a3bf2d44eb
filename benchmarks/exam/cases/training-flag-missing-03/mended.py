import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(113)
x = np.random.randn(192, 10).astype("float32") * 3 + 5
y = (x[:, 0] > 5).astype("int32")


class Block(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)
        self.norm = layers.BatchNormalization()

    def call(self, inputs, training=False):
        return tf.nn.relu(self.norm(self.dense(inputs), training=training))


model = tf.keras.Sequential([layers.Input((10,)), Block(16, name="block"), layers.Dense(2, name="head")])
optimizer = tf.keras.optimizers.Adam(0.01)
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(images, labels):
    with tf.GradientTape() as tape:
        loss = ce(labels, model(images, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(8):
    for i in range(0, 192, 48):
        loss = train_step(x[i:i + 48], y[i:i + 48])
    print("epoch", epoch, "loss", float(loss))
