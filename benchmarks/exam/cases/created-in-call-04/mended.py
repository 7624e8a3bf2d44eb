"""Capsule network with dynamic routing on toy digits, trained through fit."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def squash(s, axis=-1):
    sq = tf.reduce_sum(tf.square(s), axis=axis, keepdims=True)
    return sq / (1.0 + sq) * s / tf.sqrt(sq + 1e-7)


class Routing(layers.Layer):
    def __init__(self, n_caps, dim, rounds=2, **kw):
        super().__init__(**kw)
        self.n_caps, self.dim, self.rounds = n_caps, dim, rounds
        self.mix = layers.Dense(dim, use_bias=False, name="mix")

    def build(self, shape):
        n_in, d_in = int(shape[1]), int(shape[2])
        self.w = self.add_weight(shape=(n_in, self.n_caps, d_in, self.dim), initializer=keras.initializers.RandomNormal(stddev=0.5), name="w")
        self.mix.build((None, None, self.dim))
        self.built = True

    def call(self, u):
        votes = tf.einsum("bid,indk->bink", u, self.w)
        logits = tf.zeros(tf.shape(votes)[:3])
        for r in range(self.rounds):
            c = tf.nn.softmax(logits, axis=2)
            v = squash(tf.einsum("bin,bink->bnk", c, votes))
            if r < self.rounds - 1:
                logits += tf.einsum("bink,bnk->bin", tf.stop_gradient(votes), v)
        return squash(v + self.mix(v))


class CapsNet(keras.Model):
    def __init__(self, classes=4):
        super().__init__()
        self.classes = classes
        self.conv = layers.Conv2D(16, 3, strides=2, activation="relu")
        self.primary = layers.Conv2D(16, 3, strides=2, kernel_initializer="he_normal")
        self.to_caps = layers.Reshape((-1, 4))
        self.route = Routing(classes, 6)
        self.decoder = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(144, activation="sigmoid")])
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def call(self, x):
        caps = self.route(squash(self.to_caps(self.primary(self.conv(x)))))
        return caps, tf.sqrt(tf.reduce_sum(tf.square(caps), -1) + 1e-9)

    def train_step(self, data):
        x, y = data
        target = tf.one_hot(y, self.classes)
        with tf.GradientTape() as tape:
            caps, length = self(x, training=True)
            up = tf.square(tf.nn.relu(0.9 - length))
            down = tf.square(tf.nn.relu(length - 0.1))
            margin = tf.reduce_mean(tf.reduce_sum(target * up + 0.5 * (1.0 - target) * down, -1))
            shown = tf.reduce_sum(caps * target[..., None], axis=1)
            image = self.decoder(shown)
            rebuilt = tf.reduce_mean(tf.square(image - tf.reshape(x, (-1, 144))))
            total = margin + 0.1 * rebuilt
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(total, weights), weights))
        self.loss_tracker.update_state(total)
        return {"loss": self.loss_tracker.result()}


keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)
labels = rng.integers(0, 4, 256).astype("int32")
images = rng.random((256, 12, 12, 1)).astype("float32") * 0.2
for i, k in enumerate(labels):
    images[i, 3 * k:3 * k + 3, 2:10] += 0.7
net = CapsNet()
net.compile(optimizer=keras.optimizers.Adam(0.01))
log = net.fit(images, labels, batch_size=32, epochs=4, verbose=0)
print([round(float(v), 4) for v in log.history["loss"]])
