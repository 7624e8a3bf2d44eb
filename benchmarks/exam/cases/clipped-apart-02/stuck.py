import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(56)
x = np.random.randn(200, 8).astype("float32") * 3
y = (x ** 2)[:, :2].astype("float32") * 10
net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(20, activation="relu", name="front"),
                        keras.layers.Dense(20, activation="relu", name="middle"), keras.layers.Dense(2, name="back")])
sgd = keras.optimizers.SGD(0.03)

for epoch in range(6):
    for i in range(0, 200, 50):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x[i:i + 50]) - y[i:i + 50]))
        grads = tape.gradient(loss, net.trainable_variables)
        grads = [tf.clip_by_norm(g, 1.0) for g in grads]
        sgd.apply_gradients(zip(grads, net.trainable_variables))
    print("epoch", epoch, "loss", float(loss))
