import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(83)
x = np.random.randn(150, 4).astype("float32")
y = (x @ np.random.randn(4, 2)).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2, name="plane")])
optimizer = tf.keras.optimizers.SGD(0.05)
batches = [(x[i:i + 30], y[i:i + 30]) for i in range(0, 150, 30)]

mean = tf.keras.metrics.Mean()
for epoch in range(6):
    for inputs, labels in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - labels))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        mean.update_state(loss)
    print("epoch", epoch, "mean loss so far", float(mean.result()))
