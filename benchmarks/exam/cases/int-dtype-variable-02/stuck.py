import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(87)
x = np.random.randn(140, 4).astype("float32")
y = (x @ np.array([[3.0], [-1.0], [0.0], [2.0]])).astype("float32") + 4.0
weights = tf.Variable(np.zeros((4, 1), dtype="float32"), name="weights")
bias = tf.Variable(np.arange(1), name="bias")
optimizer = tf.keras.optimizers.SGD(0.1)

for step in range(40):
    with tf.GradientTape() as tape:
        prediction = x @ weights + tf.cast(bias, tf.float32)
        loss = tf.reduce_mean(tf.square(prediction - y))
    grads = tape.gradient(loss, [weights, bias])
    optimizer.apply_gradients(zip(grads, [weights, bias]))
    if step % 8 == 0:
        print("step", step, "loss", float(loss))
