import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(84)
noise = np.random.randn(300, 1).astype("float32")
samples = 3.0 * noise + 1.0


class Normal(tf.Module):
    def __init__(self):
        self.loc = tf.Variable(0.0, name="loc")
        self.raw_scale = tf.Variable(0.5, name="raw_scale")

    @property
    def scale(self):
        return tf.nn.softplus(self.raw_scale)

    def nll(self, values):
        z = (values - self.loc) / self.scale
        return tf.reduce_mean(0.5 * z ** 2 + tf.math.log(self.scale))


dist = Normal()
adam = tf.keras.optimizers.Adam(0.05)
for step in range(60):
    with tf.GradientTape() as tape:
        loss = dist.nll(samples)
    grads = tape.gradient(loss, dist.trainable_variables)
    adam.apply_gradients(zip(grads, dist.trainable_variables))
    if step % 10 == 0:
        print("step", step, "nll", float(loss))
