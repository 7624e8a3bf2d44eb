import numpy as np
import tensorflow as tf
from tensorflow import keras


def soft_dice(y_true, y_pred, eps=1e-6):
    inter = tf.reduce_sum(y_true * y_pred, axis=(1, 2, 3))
    union = tf.reduce_sum(y_true, axis=(1, 2, 3)) + tf.reduce_sum(y_pred, axis=(1, 2, 3))
    return 1 - (2 * inter + eps) / (union + eps)


def bce(y_true, y_pred):
    return tf.reduce_mean(keras.losses.binary_crossentropy(y_true, y_pred), axis=(1, 2))


LOSSES = {"bce": bce, "dice": soft_dice}


def combined(weights):
    def loss_fn(t, p):
        return sum(w * tf.reduce_mean(LOSSES[k](t, p)) for k, w in weights.items())
    return loss_fn


keras.utils.set_random_seed(10)
img = np.random.rand(64, 12, 12, 1).astype("float32")
msk = (img > 0.6).astype("float32")
unet = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
                         keras.layers.Conv2D(1, 1, activation="sigmoid")])
opt = keras.optimizers.Adam(1e-2)
loss_fn = combined({"bce": 0.2, "dice": 1.0})
for epoch in range(6):
    for i in range(0, 64, 16):
        with tf.GradientTape() as tape:
            pred = unet(img[i:i + 16], training=True)
            loss = loss_fn(msk[i:i + 16], pred)
        grads = tape.gradient(loss, unet.trainable_weights)
        opt.apply_gradients(zip(grads, unet.trainable_weights))
    print(epoch, loss.numpy())
