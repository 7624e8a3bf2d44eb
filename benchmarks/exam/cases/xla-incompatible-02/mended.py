import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(68)
x = np.random.randn(120, 6).astype("float32")
y = np.random.choice(3, 120, p=[0.8, 0.1, 0.1]).astype("int32")
x[np.arange(120), y] += 1.5
net = keras.Sequential([keras.Input((6,)), keras.layers.Dense(10, activation="relu", name="z1"),
                        keras.layers.Dense(3, name="z2")])
sgd = keras.optimizers.SGD(0.1)


def balance(labels):
    kind = tf.one_hot(labels, 3)
    return 1.0 / tf.reduce_sum(kind * tf.reduce_sum(kind, axis=0), axis=1)


@tf.function(jit_compile=True)
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(inputs))
        loss = tf.reduce_sum(balance(labels) * each) / 3.0
    grads = tape.gradient(loss, net.trainable_variables)
    sgd.apply_gradients(zip(grads, net.trainable_variables))
    return loss


for epoch in range(8):
    for i in range(0, 120, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
