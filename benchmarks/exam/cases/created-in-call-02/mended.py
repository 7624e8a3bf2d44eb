import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(82)
x = np.random.randn(128, 5).astype("float32")
y = (x[:, :1] > 0).astype("float32")


first = keras.layers.Dense(8, activation="relu")
second = keras.layers.Dense(1)


def classify(inputs):
    return second(first(inputs))


scale = tf.Variable(1.0, name="scale")
optimizer = keras.optimizers.SGD(0.1)
for step in range(20):
    with tf.GradientTape() as tape:
        logits = scale * classify(x)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, logits))
    variables = [scale, *first.trainable_variables, *second.trainable_variables]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    if step % 4 == 0:
        print("step", step, "loss", float(loss))
