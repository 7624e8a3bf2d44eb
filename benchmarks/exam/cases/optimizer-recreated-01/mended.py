import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(69)
x = np.random.randn(192, 4).astype("float32")
y = (x[:, :1] ** 3 / 3).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(16, activation="tanh", name="t1"),
                             tf.keras.layers.Dense(1, name="t2")])


optimizer = tf.keras.optimizers.Adam(learning_rate=0.01)


def train_on_batch(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(8):
    for i in range(0, 192, 48):
        loss = train_on_batch(x[i:i + 48], y[i:i + 48])
    print("epoch", epoch, "loss", float(loss))
