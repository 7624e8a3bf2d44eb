import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(53)
x = np.random.randn(256, 6).astype("float32")
y = (4.0 * x @ np.random.randn(6, 2)).astype("float32")
x[200] *= 60.0
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(2, name="map")])
optimizer = tf.keras.optimizers.SGD(0.05)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(8):
    if epoch == 1:
        optimizer.global_clipnorm = 1.0
    losses = [float(train_step(x[i:i + 32], y[i:i + 32])) for i in range(0, 128 if epoch == 0 else 256, 32)]
    print("epoch", epoch, "median loss", np.median(losses))
