import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(82)
x = np.random.randn(128, 5).astype("float32")
y = (x[:, :1] > 0).astype("float32")


def classify(inputs):
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    return keras.layers.Dense(1)(hidden)


scale = tf.Variable(1.0, name="scale")
optimizer = keras.optimizers.SGD(0.1)
for step in range(20):
    with tf.GradientTape() as tape:
        logits = scale * classify(x)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
    gradients = tape.gradient(loss, [scale])
    optimizer.apply_gradients(zip(gradients, [scale]))
    if step % 4 == 0:
        print("step", step, "loss", float(loss))
