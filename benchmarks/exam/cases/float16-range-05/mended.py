import numpy as np
import tensorflow as tf

tf.keras.backend.set_floatx("float32")
tf.keras.utils.set_random_seed(54)
x = np.random.rand(200, 4).astype("float32")
y = x[:, :1] - 0.5 * x[:, 1:2]

model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)

for epoch in range(20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if epoch % 5 == 0:
        print(epoch, float(loss))
