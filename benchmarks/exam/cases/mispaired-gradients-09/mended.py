import numpy as np
import tensorflow as tf

rng = np.random.default_rng(8)
features = tf.constant(rng.normal(size=(300, 6)), tf.float32)
target = tf.matmul(features, tf.constant([[1.0], [-2.0], [3.0], [0.0], [0.5], [-1.0]]))

w = tf.Variable(tf.zeros((6, 1)), name="w")
optimizer = tf.keras.optimizers.Adam(learning_rate=0.1)

for step in range(80):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.matmul(features, w) - target))
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
    if step % 20 == 0:
        print(f"step {step}: loss {loss.numpy():.4f}")
print(w.numpy().ravel())
