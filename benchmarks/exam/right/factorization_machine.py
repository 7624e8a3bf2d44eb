"""A factorization machine in plain variables, with weight decay written into the step."""
import tensorflow as tf

tf.random.set_seed(40)
F, K, LR, DECAY = 30, 4, 0.3, 1e-3
w0 = tf.Variable(0.0)
w = tf.Variable(tf.zeros((F, 1)))
v = tf.Variable(tf.random.normal((F, K), stddev=0.1))


def fm(x):
    linear = w0 + tf.squeeze(x @ w, axis=1)
    pairs = 0.5 * tf.reduce_sum((x @ v) ** 2 - (x**2) @ (v**2), axis=1)
    return linear + pairs


x = tf.cast(tf.random.uniform((600, F)) < 0.2, tf.float32)
secret = tf.random.normal((F, 2))
y = tf.cast(tf.reduce_sum((x @ secret) ** 2 - (x**2) @ (secret**2), 1) > 0.0, tf.float32)


@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=fm(x)))
    for var, grad in zip((w0, w, v), tape.gradient(loss, (w0, w, v))):
        var.assign(var * (1.0 - LR * DECAY) - LR * grad)
    return loss


for i in range(300):
    loss = train()
    if i % 100 == 0 or i == 299:
        print("loss:", float(loss))
