import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(107)
x = np.random.randn(240, 6).astype("float32") * 3
y = (x[:, 0] > x[:, 1]).astype("float32")[:, None]
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(12, activation="relu", name="pre"),
                             tf.keras.layers.Dense(1, name="logit")])
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(0.003)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = bce(labels, model(inputs, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(10):
    for i in range(0, 240, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
