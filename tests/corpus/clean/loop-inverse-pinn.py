import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(12)
net = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(20, activation="tanh"), tf.keras.layers.Dense(20, activation="tanh"), tf.keras.layers.Dense(1)])
k = tf.Variable(1.0, name="stiffness", constraint=lambda v: tf.clip_by_value(v, 0.1, 20.0))
optimizer = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.ExponentialDecay(5e-3, 50, 0.9))
t_data = tf.constant(np.linspace(0, 2, 15)[:, None], tf.float32)
u_data = tf.cos(2.0 * t_data)
t_col = tf.constant(np.linspace(0, 2, 40)[:, None], tf.float32)
weights = net.trainable_variables + [k]


@tf.function
def train():
    with tf.GradientTape() as tape:
        with tf.GradientTape() as second:
            second.watch(t_col)
            with tf.GradientTape() as first:
                first.watch(t_col)
                u = net(t_col)
            du = first.gradient(u, t_col)
        ddu = second.gradient(du, t_col)
        physics = tf.reduce_mean(tf.square(ddu + k * u))
        data = tf.reduce_mean(tf.square(net(t_data) - u_data))
        loss = data + 0.1 * physics
    grads = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(grads, weights))
    return data, physics


for i in range(150):
    data, physics = train()
    if i % 50 == 0:
        print(i, float(data), float(physics), float(k))
