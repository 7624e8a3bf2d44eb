import tensorflow as tf

tf.keras.utils.set_random_seed(19)


@tf.custom_gradient
def binarize(x):
    def grad(upstream):
        return upstream * tf.cast(tf.abs(x) <= 1.0, x.dtype)

    return tf.sign(x), grad


def fake_quantize(w, levels=16.0):
    return w + tf.stop_gradient(tf.round(w * levels) / levels - w)


kernel = tf.Variable(tf.random.normal((6, 4), stddev=0.3), name="kernel")
readout = tf.Variable(tf.random.normal((4, 1), stddev=0.3), name="readout")
optimizer = tf.keras.optimizers.Adam(0.02)
x = tf.random.normal((64, 6))
y = tf.reduce_sum(x[:, :2], axis=1, keepdims=True)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        hidden = tf.nn.relu(x @ fake_quantize(kernel))
        signs = binarize(hidden - 0.5)
        loss = tf.reduce_mean(tf.square((hidden + 0.1 * signs) @ readout - y))
    gradients = tape.gradient(loss, [kernel, readout])
    optimizer.apply_gradients(zip(gradients, [kernel, readout]))
    return loss


for _ in range(10):
    print(float(train_step()))
