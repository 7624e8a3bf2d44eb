"""Fine-tuning from a checkpoint, with an optimizer and a rate of its own."""
import os
import tempfile
import tensorflow as tf
from tensorflow import keras
keras.utils.set_random_seed(18)


def net():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])


def train(model, y, lr, n):
    opt = keras.optimizers.Adam(lr)
    ckpt = tf.train.Checkpoint(model=model, optimizer=opt)
    for _ in range(n):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return float(loss), ckpt


x = tf.random.normal((128, 4))
y = tf.reduce_sum(x, 1, keepdims=True)
m = net()
l, ckpt = train(m, y, 0.01, 40)
path = ckpt.write(os.path.join(tempfile.mkdtemp(), "ck"))
m2 = net()
tf.train.Checkpoint(model=m2).read(path).expect_partial()
print(l, train(m2, y + 1.0, 0.005, 40)[0])
