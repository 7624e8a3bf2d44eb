"""One step for both generations of Keras, told apart by what the optimizer has."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(32)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.02)
x = np.random.randn(128, 4).astype("float32")
y = x.sum(1, keepdims=True)
KERAS3 = not hasattr(opt, "minimize")


def current_lr(opt):
    lr = getattr(opt, "learning_rate", None)
    if lr is None:
        lr = opt.lr
    return float(lr)


def step():
    def loss_fn():
        return tf.reduce_mean((model(x) - y) ** 2)

    if not KERAS3:
        opt.minimize(loss_fn, model.trainable_variables)
        return float(loss_fn())
    with tf.GradientTape() as tape:
        loss = loss_fn()
    grads = tape.gradient(loss, model.trainable_variables)
    try:
        opt.apply(grads, model.trainable_variables)
    except AttributeError:
        opt.apply_gradients(zip(grads, model.trainable_variables))
    return float(loss)


for i in range(50):
    l = step()
    if i % 10 == 0:
        print(i, l, current_lr(opt))
