import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(40)
model = tf.keras.Sequential([tf.keras.layers.Input((10,)), tf.keras.layers.Dense(20, activation="gelu", name="ff"), tf.keras.layers.Dense(1, name="score")])
base_lr, warmup = 3e-3, 500
optimizer = tf.keras.optimizers.Adam(learning_rate=base_lr)
x = np.random.randn(320, 10).astype("float32")
y = (x[:, :1] * x[:, 1:2]).astype("float32")

step = 0
for epoch in range(10):
    perm = np.random.permutation(320)
    for k in range(0, 320, 32):
        optimizer.learning_rate = base_lr * min(1, step // warmup)
        idx = perm[k:k + 32]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x[idx]) - y[idx]) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        step += 1
    print("epoch", epoch, "loss", float(loss))
