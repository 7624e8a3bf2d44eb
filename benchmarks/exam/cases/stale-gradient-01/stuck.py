import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(71)
x = np.random.randn(100, 3).astype("float32")
y = (x @ np.array([[2.0], [0.0], [-1.0]])).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1, name="lin")])
optimizer = tf.keras.optimizers.SGD(0.1)

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
grads = tape.gradient(loss, model.trainable_variables)

for step in range(30):
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if step % 5 == 0:
        print("step", step, "loss", float(tf.reduce_mean(tf.square(model(x) - y))))
