import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(101)
x = np.random.randn(96, 4).astype("float32")
y = x.min(axis=1, keepdims=True)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(10, activation="relu", name="m1"),
                             tf.keras.layers.Dense(1, name="m2")])
optimizer = tf.keras.optimizers.SGD(0.05)


def smoothed(value):
    average = tf.Variable(0.0, trainable=False)
    average.assign(0.9 * average + 0.1 * value)
    return average


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss, smoothed(loss)


for epoch in range(6):
    for i in range(0, 96, 32):
        loss, average = train_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "average", float(average), "loss", float(loss))
