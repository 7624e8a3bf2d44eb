import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(38)
x = np.random.randn(320, 6).astype("float32")
y = (x[:, 0] + x[:, 1] > 1.8).astype("float32")[:, None]
class_weight = {0: 1.0, 1: 8.0}
sample_weight = np.vectorize(class_weight.get)(y[:, 0].astype(int)).astype("float32")
ds = tf.data.Dataset.from_tensor_slices((x, y, sample_weight)).shuffle(320, seed=1).batch(32)

model = tf.keras.Sequential([tf.keras.layers.Input((6,)), tf.keras.layers.Dense(12, "relu"), tf.keras.layers.Dense(1)])
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
opt = tf.keras.optimizers.Adam(3e-3)
for epoch in range(4):
    mean = tf.keras.metrics.Mean()
    for xb, yb, wb in ds:
        with tf.GradientTape() as tape:
            logits = model(xb, training=True)
            loss = bce(yb, logits)
        grads = tape.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(grads, model.trainable_variables))
        mean(loss)
    print(epoch, float(mean.result()))
