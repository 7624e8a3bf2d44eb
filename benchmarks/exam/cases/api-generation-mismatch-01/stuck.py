import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(33)
x = np.random.randn(200, 4).astype("float32")
y = x.sum(axis=1, keepdims=True)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, name="sum")])
optimizer = tf.keras.optimizers.Adam(0.05)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(8):
    for i in range(0, 200, 50):
        loss = train_step(x[i:i + 50], y[i:i + 50])
    if epoch == 4:
        optimizer.lr.assign(optimizer.lr * 0.1)
    print("epoch", epoch, "loss", float(loss))
