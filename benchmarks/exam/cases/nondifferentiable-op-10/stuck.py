import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(2)


def dice_coef(y_true, y_pred, smooth=1.0):
    y_pred = tf.cast(y_pred > 0.5, tf.float32)
    axes = [1, 2, 3]
    inter = tf.reduce_sum(y_true * y_pred, axes)
    union = tf.reduce_sum(y_true, axes) + tf.reduce_sum(y_pred, axes)
    return tf.reduce_mean((2.0 * inter + smooth) / (union + smooth))


def bce_dice_loss(y_true, y_pred):
    bce = tf.reduce_mean(keras.losses.binary_crossentropy(y_true, y_pred))
    return bce + (1.0 - dice_coef(y_true, y_pred))


def tiny_unet():
    x = inp = layers.Input((16, 16, 1))
    a = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(a)
    c = layers.UpSampling2D()(b)
    d = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.Concatenate()([a, c]))
    return keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(d))


class Segmenter:
    def __init__(self, config):
        self.net = tiny_unet()
        self.optimizer = keras.optimizers.Adam(config["lr"])
        self.loss_fn = config["loss"]

    @tf.function
    def step(self, image, mask):
        with tf.GradientTape() as tape:
            loss = self.loss_fn(mask, self.net(image, training=True))
        grads = tape.gradient(loss, self.net.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_weights))
        return loss


images = np.random.default_rng(0).normal(size=(24, 16, 16, 1)).astype("float32")
masks = (images > 0.8).astype("float32")
trainer = Segmenter({"lr": 5e-3, "loss": bce_dice_loss})
for epoch in range(4):
    for i in range(0, 24, 8):
        loss = trainer.step(images[i:i + 8], masks[i:i + 8])
    print("epoch", epoch, float(loss))
