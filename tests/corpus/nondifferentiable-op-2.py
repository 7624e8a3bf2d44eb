import tensorflow as tf

tf.keras.utils.set_random_seed(112)
selector = tf.Variable(tf.random.normal((8,)), name="selector")
kernel = tf.Variable(tf.random.normal((8, 1), stddev=0.1), name="kernel")
optimizer = tf.keras.optimizers.Adam(0.02)
x = tf.random.normal((80, 8))
y = x[:, 2:3] * 1.5 - x[:, 5:6]


def select(x):
    mask = tf.cast(selector > 0.0, tf.float32)
    return x * mask


@tf.function
def step():
    with tf.GradientTape() as tape:
        fit = tf.reduce_mean(tf.square(select(x) @ kernel - y))
        loss = fit
    gradients = tape.gradient(loss, [selector, kernel])
    optimizer.apply_gradients((g, v) for g, v in zip(gradients, [selector, kernel]) if g is not None)
    return loss


for i in range(30):
    loss = step()
print(float(loss), selector.numpy().round(2))
