"""A custom gradient around a layer: the way back also returns gradients of its variables."""
import tensorflow as tf

tf.random.set_seed(81)
w = tf.Variable(tf.random.normal((3, 8)) / 2, name="w")
v = tf.Variable(tf.random.normal((8, 1)) / 3, name="v")


@tf.custom_gradient
def scaled_matmul(x):
    y = tf.matmul(x, w)

    def grad(upstream, variables=None):
        dx = tf.matmul(upstream, w, transpose_b=True)
        dw = tf.matmul(x, upstream, transpose_a=True)
        return dx, [dw for _ in variables]

    return y, grad


optimizer = tf.keras.optimizers.SGD(0.1)
x = tf.random.normal((100, 3))
y = tf.reduce_sum(tf.abs(x), axis=1, keepdims=True)


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.nn.relu(scaled_matmul(x)) @ v - y) ** 2)
    gradients = tape.gradient(loss, [w, v])
    optimizer.apply_gradients(zip(gradients, [w, v]))
    return loss


for i in range(100):
    loss = step()
    if i % 33 == 0:
        print("loss", float(loss))
