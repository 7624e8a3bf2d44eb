import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(94)
x = np.random.randn(128, 6).astype("float32")
y = np.abs(x[:, :2]).astype("float32")


def soft_threshold(values):
    return np.sign(values) * np.maximum(np.abs(values) - 0.1, 0.0)


class Shrink(tf.keras.layers.Layer):
    def call(self, inputs):
        out = tf.numpy_function(soft_threshold, [inputs], tf.float32)
        out.set_shape(inputs.shape)
        return out


front = tf.keras.layers.Dense(10, name="front")
back = tf.keras.layers.Dense(2, name="back")
shrink = Shrink()
front.build((None, 6))
back.build((None, 10))
weights = front.trainable_variables + back.trainable_variables
opt = tf.keras.optimizers.SGD(0.1)

for step in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(back(shrink(front(x))) - y))
    opt.apply_gradients(zip(tape.gradient(loss, weights), weights))
    if step % 8 == 0:
        print("step", step, "loss", float(loss))
