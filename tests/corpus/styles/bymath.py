"""Logistic regression by hand: pure functions, parameters in a dict, own momentum."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(7)
points = tf.constant(rng.normal(size=(80, 3)), tf.float32)
truth = tf.cast(points[:, :1] - points[:, 1:2] > 0, tf.float32)

theta = {
    "w": tf.Variable(tf.random.normal((3, 1), stddev=0.1, seed=2), name="w"),
    "b": tf.Variable(tf.zeros((1,)), name="b"),
}
speed = {name: tf.Variable(tf.zeros_like(value), trainable=False) for name, value in theta.items()}


def predict(theta, x):
    return x @ theta["w"] + theta["b"]


def objective(theta, x, y):
    each = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=predict(theta, x))
    return tf.reduce_mean(each) + 1e-3 * tf.nn.l2_loss(theta["w"])


def descend(theta, speed, slopes, rate, momentum=0.9):
    for name, slope in slopes.items():
        speed[name].assign(momentum * speed[name] + slope)
        theta[name].assign_sub(rate * speed[name])


@tf.function
def step(x, y, rate):
    with tf.GradientTape() as tape:
        cost = objective(theta, x, y)
    descend(theta, speed, tape.gradient(cost, theta), rate)
    return cost


rate = tf.constant(0.1)
for number in range(30):
    cost = step(points, truth, rate)
    if number % 10 == 0:
        print(f"{number:3d} {float(cost):.4f}")
