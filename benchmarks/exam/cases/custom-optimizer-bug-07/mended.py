import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
w = tf.Variable(rng.normal(size=(5, 1)).astype("float32"), name="w")
features = rng.normal(size=(300, 5)).astype("float32")
labels = (features @ rng.normal(size=(5, 1)) > 0).astype("float32")

m = tf.Variable(tf.zeros_like(w), trainable=False)
v = tf.Variable(tf.zeros_like(w), trainable=False)


def adam(grad, t, lr=0.05, b1=0.9, b2=0.999, eps=1e-8):
    m.assign(b1 * m + (1 - b1) * grad)
    v.assign(b2 * v + (1 - b2) * grad ** 2)
    m_hat = m / (1 - b1 ** t)
    v_hat = v / (1 - b2 ** t)
    w.assign_sub(lr * m_hat / (tf.sqrt(v_hat) + eps))


@tf.function
def loss_and_grad():
    with tf.GradientTape() as tape:
        logits = features @ w
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
    return loss, tape.gradient(loss, w)


for i in range(40):
    loss, grad = loss_and_grad()
    adam(grad, tf.cast(i + 1, tf.float32))
    if i % 10 == 0:
        print("iteration", i, "loss", loss.numpy())
