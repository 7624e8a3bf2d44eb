import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(114)
x = np.random.randn(256, 6).astype("float32")
y = (x @ np.random.randn(6, 1)).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(1, name="sumline")])
optimizer = tf.keras.optimizers.SGD(0.2)
buffers = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]
MICRO = 4


@tf.function
def collect(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels)) / MICRO
    for buffer, gradient in zip(buffers, tape.gradient(loss, model.trainable_variables)):
        buffer.assign_add(gradient)
    return loss * MICRO


@tf.function
def flush():
    optimizer.apply_gradients(zip([b.value() if callable(b.value) else b.value for b in buffers], model.trainable_variables))
    for buffer in buffers:
        buffer.assign(tf.zeros_like(buffer))


count = 0
for epoch in range(10):
    for i in range(0, 256, 16):
        loss = collect(x[i:i + 16], y[i:i + 16])
        count += 1
        if count % MICRO == 0:
            flush()
    print("epoch", epoch, "loss", float(loss))
