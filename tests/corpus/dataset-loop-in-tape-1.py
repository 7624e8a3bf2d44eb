import tensorflow as tf

tf.keras.utils.set_random_seed(31)
x = tf.random.normal((120, 3))
y = x @ tf.constant([[1.0], [-2.0], [0.5]])
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(40)
weights = tf.Variable(tf.zeros((3, 1)), name="weights")
scale = tf.Variable(1.0, name="scale")


@tf.function
def full_gradient_step(rate):
    with tf.GradientTape() as tape:
        total = tf.constant(0.0)
        for xb, yb in dataset:
            total += tf.reduce_mean(tf.square(scale * (xb @ weights) - yb))
        penalty = 0.01 * tf.reduce_sum(tf.square(weights)) + 0.01 * tf.square(scale)
        loss = total + penalty
    g_weights, g_scale = tape.gradient(loss, [weights, scale])
    weights.assign_sub(rate * g_weights)
    scale.assign_sub(rate * g_scale)
    return loss


for i in range(30):
    loss = full_gradient_step(0.05)
    if i % 10 == 0:
        print(i, float(loss), weights.numpy().ravel())
