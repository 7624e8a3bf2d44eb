import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(36)
x = np.random.randn(180, 5).astype("float32")
y = (x ** 2).sum(axis=1, keepdims=True).astype("float32") / 5
model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(12, activation="relu", name="a"),
                             tf.keras.layers.Dense(1, name="b")])
optimizer = tf.keras.optimizers.Adam(1e-2)


@tf.function
def step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return loss


for epoch in range(8):
    for i in range(0, 180, 60):
        loss = step(x[i:i + 60], y[i:i + 60])
    print(epoch, float(loss))
