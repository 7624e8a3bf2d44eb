import numpy as np
import tensorflow as tf

rng = np.random.default_rng(1)
x = tf.constant(rng.normal(size=(200, 4)), tf.float32)
y = tf.constant((x.numpy() @ [1.0, -2.0, 0.5, 0.0] + 0.3)[:, None], tf.float32)


class Affine(tf.Module):
    def __init__(self):
        super().__init__(name="affine")
        self.w = tf.Variable(tf.zeros([4, 1]), name="w")
        self.b = tf.Variable(tf.zeros([1]), name="b")

    def __call__(self, inputs):
        return inputs @ self.w + self.b


def mse(model):
    return tf.reduce_mean(tf.square(model(x) - y))


def descend(model, rate):
    with tf.GradientTape() as tape:
        loss = mse(model)
    slopes = tape.gradient(loss, model.trainable_variables)
    for p, s in zip(model.trainable_variables, slopes):
        p.assign_sub(rate * s)
    return loss


def anneal(start, epoch, epochs):
    return start * (epochs - epoch) / epochs


model = Affine()
for epoch in range(30):
    loss = descend(model, anneal(0.2, epoch, 30))
    if epoch % 5 == 0:
        print(epoch, float(loss))
