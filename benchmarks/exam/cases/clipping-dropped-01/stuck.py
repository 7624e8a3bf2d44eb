import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(61)
x = np.random.randn(224, 5).astype("float32") * 4
y = (x[:, :1] * x[:, 1:2]).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(16, activation="relu", name="h1"),
                             tf.keras.layers.Dense(1, name="h2")])
optimizer = tf.keras.optimizers.SGD(0.003)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    clipped, norm = tf.clip_by_global_norm(grads, 1.0)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss, norm


for epoch in range(8):
    for i in range(0, 224, 56):
        loss, norm = train_step(x[i:i + 56], y[i:i + 56])
    print("epoch", epoch, "norm", float(norm), "loss", float(loss))
