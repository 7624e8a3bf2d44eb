import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(35)
x = np.random.randn(160, 3).astype("float32")
y = np.tanh(x @ np.random.randn(3, 1)).astype("float32")
net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(6, activation="tanh"),
                           tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(learning_rate=0.2)
mean = tf.keras.metrics.Mean()

for epoch in range(6):
    mean.reset_states()
    for i in range(0, 160, 40):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x[i:i + 40]) - y[i:i + 40]))
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
        mean.update_state(loss)
    print("epoch", epoch, "loss", float(mean.result()))
