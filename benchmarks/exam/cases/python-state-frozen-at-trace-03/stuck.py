import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(106)
x = np.random.randn(256, 6).astype("float32")
y = np.tanh(x @ np.random.randn(6, 2)).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(16, activation="relu", name="aa"),
                             tf.keras.layers.Dense(2, name="bb")])
optimizer = tf.keras.optimizers.Adam(0.005)


@tf.function
def train_step(inputs, labels):
    noisy = inputs + np.random.normal(0.0, 0.3, (32, 6)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(noisy, training=True) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(10):
    losses = [float(train_step(x[i:i + 32], y[i:i + 32])) for i in range(0, 256, 32)]
    print("epoch", epoch, "loss", np.mean(losses))
