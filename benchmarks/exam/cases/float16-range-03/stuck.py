"""Segmentation in mixed precision with a dice loss."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(80)
keras.mixed_precision.set_global_policy("mixed_float16")


def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


def unet():
    image = keras.Input((16, 16, 1))
    down = block(image, 8)
    mid = block(layers.MaxPooling2D()(down), 16)
    up = layers.UpSampling2D()(mid)
    x = block(layers.Concatenate()([down, up]), 8)
    logits = layers.Conv2D(1, 1, dtype="float32", name="logits")(x)
    return keras.Model(image, logits)


def dice(mask, probability):
    both = tf.reduce_sum(mask * probability, [1, 2, 3])
    either = tf.reduce_sum(mask + probability, [1, 2, 3])
    return 1.0 - tf.reduce_mean((2.0 * both + 1.0) / (either + 1.0))


class Segmenter(keras.Model):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.mean = keras.metrics.Mean(name="loss")
        self.iou = keras.metrics.BinaryIoU(threshold=0.5, name="iou")

    @property
    def metrics(self):
        return [self.mean, self.iou]

    def call(self, x, training=False):
        return self.net(x, training=training)

    def train_step(self, data):
        image, mask = data
        with tf.GradientTape() as tape:
            logits = self(image, training=True)
            odds = tf.exp(tf.cast(12.0 * logits, tf.float16))
            probability = tf.cast(odds / (1.0 + odds), tf.float32)
            loss = dice(mask, probability)
            scaled = self.optimizer.scale_loss(loss) if hasattr(self.optimizer, "scale_loss") else self.optimizer.get_scaled_loss(loss)
        grads = tape.gradient(scaled, self.trainable_variables)
        if hasattr(self.optimizer, "get_unscaled_gradients"):
            grads = self.optimizer.get_unscaled_gradients(grads)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.mean.update_state(loss)
        self.iou.update_state(mask, probability)
        return {m.name: m.result() for m in self.metrics}


rng = np.random.default_rng(80)
image = rng.normal(0, 0.3, (96, 16, 16, 1)).astype("float32")
mask = np.zeros_like(image)
for k in range(96):
    a, b = rng.integers(0, 8, 2)
    mask[k, a:a + 7, b:b + 7] = 1.0
image += mask
model = Segmenter(unet())
model.compile(optimizer=keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(0.005)))
history = model.fit(image, mask, batch_size=16, epochs=3, verbose=0)
print({k: [round(float(x), 4) for x in v] for k, v in history.history.items()})
