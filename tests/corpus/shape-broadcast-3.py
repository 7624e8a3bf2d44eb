import math
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(29)
rng = np.random.default_rng(5)
net = tf.keras.Sequential([tf.keras.Input((2,))] + [tf.keras.layers.Dense(16, activation="tanh") for _ in range(2)] + [tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(5e-3)
inside = tf.constant(rng.uniform([-1, 0], [1, 1], size=(64, 2)), tf.float32)
x0 = rng.uniform(-1, 1, size=40)
start = tf.constant(np.stack([x0, np.zeros_like(x0)], axis=1), tf.float32)
u0 = tf.constant(-np.sin(math.pi * x0), tf.float32)


def residual(points):
    x, t = points[:, :1], points[:, 1:]
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch([x, t])
            u = net(tf.concat([x, t], axis=1))
        u_x = inner.gradient(u, x)
        u_t = inner.gradient(u, t)
    u_xx = outer.gradient(u_x, x)
    return u_t + u * u_x - 0.01 / math.pi * u_xx


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        data_loss = tf.reduce_mean(tf.square(net(start) - u0))
        loss = data_loss + tf.reduce_mean(tf.square(residual(inside)))
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return data_loss, loss


for step in range(100):
    data_loss, loss = train_step()
    if step % 25 == 0:
        print(step, data_loss.numpy(), loss.numpy())
