import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(73)
x = np.random.randn(512, 16).astype("float32")
y = np.tanh(x @ np.random.randn(16, 4)).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((16,)), tf.keras.layers.Dense(64, activation="relu"),
                             tf.keras.layers.Dense(4)])
optimizer = tf.keras.optimizers.Adam(0.005)
history = []


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=True)
        loss = tf.reduce_mean(tf.square(outputs - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss, outputs


for epoch in range(12):
    for i in range(0, 512, 64):
        loss, outputs = train_step(x[i:i + 64], y[i:i + 64])
        history.append((loss, outputs))
    print("epoch", epoch, "loss", np.mean([float(l) for l, _ in history[-8:]]))
