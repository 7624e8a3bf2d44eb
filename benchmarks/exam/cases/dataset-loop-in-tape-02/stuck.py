import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(123)
x = np.random.randn(90, 4).astype("float32")
y = (x @ np.random.randn(4, 1)).astype("float32")
shards = tf.data.Dataset.from_tensor_slices((x, y)).batch(30)
slope = tf.Variable(tf.zeros((4, 1)), name="slope")
decay = tf.Variable(0.3, name="decay")
optimizer = tf.keras.optimizers.SGD(0.05)


@tf.function
def full_step():
    with tf.GradientTape() as tape:
        total = tf.zeros(())
        for inputs, labels in shards:
            total += tf.reduce_mean(tf.square(inputs @ slope - labels))
        loss = total / 3.0 + tf.square(decay)
    grads = tape.gradient(loss, [slope, decay])
    optimizer.apply_gradients([(g, v) for g, v in zip(grads, [slope, decay]) if g is not None])
    return loss


for step in range(40):
    loss = full_step()
    if step % 8 == 0:
        print("step", step, "loss", float(loss))
