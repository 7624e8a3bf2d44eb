import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(72)
start = 1.6e9
when = (start + np.random.uniform(0, 86400, 300)).astype("float32")[:, None]
y = np.sin(2 * np.pi * (when - start) / 86400).astype("float32")
when = ((when - start) / 86400 * 6 - 3).astype("float32")

net = tf.keras.Sequential([
    tf.keras.Input((1,)),
    tf.keras.layers.Dense(24, activation="tanh", name="h1"),
    tf.keras.layers.Dense(1, name="out"),
])
opt = tf.keras.optimizers.Adam(0.01)
for epoch in range(10):
    order = np.random.permutation(300)
    for i in range(0, 300, 50):
        pick = order[i:i + 50]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(when[pick]) - y[pick]))
        grads = tape.gradient(loss, net.trainable_variables)
        opt.apply_gradients(zip(grads, net.trainable_variables))
    print("epoch", epoch, "mse", loss.numpy())
