import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(80)
model = tf.keras.Sequential([tf.keras.layers.Input((5,)), tf.keras.layers.Dense(1, name="k")])
optimizer = tf.keras.optimizers.SGD(0.05)
x = np.random.randn(120, 5).astype("float32")
y = (x @ np.arange(5, dtype="float32")[:, None]).astype("float32")
batches = [(x[i:i + 40], y[i:i + 40]) for i in range(0, 120, 40)]


def compute_gradients(batch):
    bx, by = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(bx) - by) ** 2)
    return tape.gradient(loss, model.trainable_variables)


for epoch in range(12):
    for index, batch in enumerate(batches):
        grads = compute_gradients(batch)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
    print(epoch, float(np.mean((model(x) - y) ** 2)))
