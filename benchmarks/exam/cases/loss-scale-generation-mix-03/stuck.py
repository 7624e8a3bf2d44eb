import numpy as np
import tensorflow as tf
import keras

keras.mixed_precision.set_global_policy("mixed_float16")
keras.utils.set_random_seed(9)


class Denoiser(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.enc = keras.layers.Conv1D(width, 5, padding="same", activation="relu")
        self.mid = keras.layers.Conv1D(width, 5, padding="same", activation="relu")
        self.dec = keras.layers.Conv1D(1, 5, padding="same", dtype="float32")

    def call(self, x):
        return tf.cast(x, tf.float32) + self.dec(self.mid(self.enc(x)))


def signals(n, rng):
    t = np.linspace(0, 4 * np.pi, 48)
    clean = np.sin(rng.uniform(0.5, 2, (n, 1)) * t + rng.uniform(0, 6, (n, 1)))
    return (clean + rng.normal(0, 0.4, clean.shape)).astype("float32")[..., None], clean.astype("float32")[..., None]


rng = np.random.default_rng(0)
noisy, clean = signals(256, rng)
model = Denoiser(12)
model(noisy[:1])
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.05, momentum=0.9))
mae = keras.metrics.MeanAbsoluteError()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        loss = tf.reduce_mean(tf.square(out - y))
        scaled = optimizer.scale_loss(loss)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    mae.update_state(y, out)
    return loss


for epoch in range(4):
    order = rng.permutation(256)
    losses = []
    for i in range(0, 256, 32):
        pick = order[i:i + 32]
        losses.append(float(train_step(noisy[pick], clean[pick])))
    print("epoch", epoch, "mse", round(float(np.mean(losses)), 4), "mae", round(float(mae.result()), 4))
    mae.reset_state()
