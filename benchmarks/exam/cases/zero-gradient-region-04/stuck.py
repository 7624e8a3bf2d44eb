"""A one-dimensional radiance field: density and colour along rays."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

SAMPLES, BANDS = 16, 4
keras.utils.set_random_seed(50)


def encode(x):
    freq = 2.0 ** tf.range(BANDS, dtype=tf.float32) * np.pi
    angle = x[..., None] * freq
    return tf.reshape(tf.concat([tf.sin(angle), tf.cos(angle)], -1), tf.concat([tf.shape(x)[:-1], [2 * BANDS * x.shape[-1]]], 0))


class Field(keras.Model):
    def __init__(self, width=32):
        super().__init__()
        self.trunk = [keras.layers.Dense(width, activation="relu", name=f"trunk_{i}") for i in range(2)]
        self.sigma = keras.layers.Dense(1, name="sigma")
        self.rgb = keras.layers.Dense(3, activation="sigmoid", name="rgb")

    def call(self, points):
        h = encode(points)
        for layer in self.trunk:
            h = layer(h)
        return tf.nn.relu(self.sigma(h) - 5.0)[..., 0], self.rgb(h)


def composite(sigma, rgb, delta):
    alpha = 1.0 - tf.exp(-sigma * delta)
    through = tf.math.cumprod(1.0 - alpha + 1e-10, axis=-1, exclusive=True)
    weight = alpha * through
    return tf.reduce_sum(weight[..., None] * rgb, axis=-2), weight


def render(field, origin, direction):
    t = tf.linspace(0.0, 1.0, SAMPLES)
    points = origin[:, None, :] + t[None, :, None] * direction[:, None, :]
    sigma, rgb = field(points)
    return composite(sigma, rgb, 4.0 / SAMPLES)


def truth(origin, direction):
    t = np.linspace(0, 1, SAMPLES)
    p = origin[:, None] + t[None, :, None] * direction[:, None]
    near = np.exp(-8 * (p ** 2).sum(-1))
    return np.stack([near.max(1), near.mean(1), 1 - near.max(1)], 1).astype("float32")


field = Field()
field(tf.zeros((1, SAMPLES, 2)))
schedule = keras.optimizers.schedules.ExponentialDecay(5e-3, 50, 0.9)
optimizer = keras.optimizers.Adam(schedule)
psnr = keras.metrics.Mean()


@tf.function
def train_step(o, d, colour):
    with tf.GradientTape() as tape:
        shown, weight = render(field, o, d)
        loss = tf.reduce_mean(tf.square(shown - colour))
    gradients = tape.gradient(loss, field.trainable_variables)
    optimizer.apply_gradients(zip(gradients, field.trainable_variables))
    psnr.update_state(-10.0 * tf.math.log(loss) / tf.math.log(10.0))
    return loss, tf.reduce_mean(tf.reduce_sum(weight, -1))


rng = np.random.default_rng(50)
for it in range(80):
    o = rng.uniform(-1, 1, (64, 2)).astype("float32")
    d = -o + rng.normal(0, 0.3, (64, 2)).astype("float32")
    loss, opacity = train_step(tf.constant(o), tf.constant(d), tf.constant(truth(o, d)))
    if it % 20 == 19:
        print(it, "mse", round(float(loss), 5), "psnr", round(float(psnr.result()), 2), "opacity", round(float(opacity), 3))
        psnr.reset_state()
