"""Train, save weights and optimizer, make all anew, restore, and train on."""
import tempfile

import tensorflow as tf
from tensorflow import keras


def build():
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)
    step = tf.Variable(0, dtype=tf.int64)
    return model, optimizer, tf.train.Checkpoint(model=model, optimizer=optimizer, step=step)


def make_train_step(model, optimizer):
    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return train_step


def train(checkpoint, train_step, data, epochs):
    for epoch in range(epochs):
        for x, y in data:
            loss = train_step(x, y)
            checkpoint.step.assign_add(1)
        print(f"step {int(checkpoint.step)} loss {float(loss):.5f}")


keras.utils.set_random_seed(51)
x = tf.random.normal((320, 3))
y = tf.sin(x[:, :1] * x[:, 1:2])
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(64)
with tempfile.TemporaryDirectory() as folder:
    model, optimizer, checkpoint = build()
    train(checkpoint, make_train_step(model, optimizer), data, 4)
    path = checkpoint.save(folder + "/ckpt")
    model, optimizer, checkpoint = build()
    checkpoint.restore(path)
    train(checkpoint, make_train_step(model, optimizer), data, 8)
