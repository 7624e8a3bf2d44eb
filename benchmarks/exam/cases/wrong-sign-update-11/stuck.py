import numpy as np
import tensorflow as tf

rng = np.random.RandomState(2)
X = tf.constant(rng.randn(80, 2), tf.float32)
y = X @ [[3.0], [-1.0]] + 0.5
W = tf.Variable(tf.zeros([2, 1]), name="W")
b = tf.Variable(0.0, name="b")

for epoch in range(400):
    with tf.GradientTape() as t:
        pred = tf.matmul(X, W) + b
        loss = -tf.reduce_mean(tf.square(y - pred))
    dW, db = t.gradient(loss, [W, b])
    W.assign_sub(0.2 * dW)
    b.assign_sub(0.2 * db)
    if epoch % 50 == 0:
        print(epoch, loss.numpy())
