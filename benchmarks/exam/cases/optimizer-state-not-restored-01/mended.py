import pathlib
import tempfile

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(63)
x = np.random.randn(256, 6).astype("float32")
y = np.sin(x[:, :2]).astype("float32")
folder = pathlib.Path(tempfile.mkdtemp())


def build():
    net = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(20, activation="tanh", name="hidden"),
                               tf.keras.layers.Dense(2, name="output")])
    return net, tf.keras.optimizers.Adam(0.01)


def train(net, optimizer, epochs):
    @tf.function
    def step(inputs, labels):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(inputs) - labels))
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
        return loss

    for epoch in range(epochs):
        for i in range(0, 256, 64):
            loss = step(x[i:i + 64], y[i:i + 64])
        print("epoch", epoch, "loss", float(loss))


model, optimizer = build()
train(model, optimizer, 5)
path = tf.train.Checkpoint(model=model, optimizer=optimizer).save(str(folder / "ckpt"))

model, optimizer = build()
optimizer.build(model.trainable_variables)
tf.train.Checkpoint(model=model, optimizer=optimizer).restore(path)
print("resumed")
train(model, optimizer, 5)
