import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(55)
x = np.random.randn(256, 6).astype("float32") * 5
y = (x[:, :1] * 40 + 7).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(10, activation="relu", name="f"),
                             tf.keras.layers.Dense(1, name="g")])
optimizer = tf.keras.optimizers.SGD(0.05, global_clipnorm=1.0)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(12):
    for i in range(0, 256, 32):
        loss = train_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "loss", float(loss))
