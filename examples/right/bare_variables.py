"""Logistic regression with nothing but two variables and a tape.

A tape records what is computed from variables, `gradient` walks back over that
record, and `assign_sub` changes a variable in place. There is no more to
training than these three; everything else in this folder is comfort.

Two habits matter. The variables stay the same objects for the whole run:
`w = w - rate * dw` would bind the name to a new tensor, which no tape watches.
And the labels have the shape of the logits, so that nothing is broadcast.
"""

import tensorflow as tf

RATE = 0.5

# Points in the plane; those above a slanted line are to be told from those below.
points = tf.random.stateless_normal((400, 2), seed=(1, 1))
labels = tf.cast(points @ [[1.5], [-1.0]] + 0.3 > 0.0, tf.float32)

weight = tf.Variable(tf.zeros((2, 1)), name="weight")
bias = tf.Variable(0.0, name="bias")


def logits_of(x):
    return x @ weight + bias


def step(x, y):
    with tf.GradientTape() as tape:
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits_of(x))
        loss = tf.reduce_mean(losses)
    weight_gradient, bias_gradient = tape.gradient(loss, [weight, bias])
    weight.assign_sub(RATE * weight_gradient)
    bias.assign_sub(RATE * bias_gradient)
    return loss


for number in range(1, 101):
    loss = step(points, labels)
    if number in (1, 10, 30, 100):
        right = tf.equal(logits_of(points) > 0.0, labels > 0.5)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        print(f"step {number}: loss {float(loss):.4f}, {float(accuracy):.1%} right")
slope = -weight[0, 0] / weight[1, 0]
print(f"the line found has slope {float(slope):.2f}; the true one has 1.50")
