import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(89)
x = np.random.randn(100, 5).astype("float32")
y = x.max(axis=1, keepdims=True)
net = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(10, activation="relu", name="v1"),
                           tf.keras.layers.Dense(1, name="v2")])
adam = tf.keras.optimizers.Adam(0.02)

for step in range(30):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        for weight in net.trainable_weights:
            tape.watch(weight)
        loss = tf.reduce_mean(tf.abs(net(x) - y))
    grads = tape.gradient(loss, net.trainable_weights)
    adam.apply_gradients(zip(grads, net.trainable_weights))
    if step % 5 == 0:
        print("step", step, "loss", float(loss))
