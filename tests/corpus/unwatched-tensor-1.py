import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(114)
u = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(5e-3)
t = tf.constant(np.linspace(0.0, 2.0, 50)[:, None], tf.float32)


@tf.function
def train_step(t):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            value = u(t)
        velocity = inner.gradient(value, t)
        residual = velocity + 1.5 * value
        loss = tf.reduce_mean(tf.square(residual)) + tf.reduce_sum(tf.square(u(tf.zeros((1, 1))) - 1.0))
    gradients = outer.gradient(loss, u.trainable_variables)
    optimizer.apply_gradients(zip(gradients, u.trainable_variables))
    return loss


for i in range(5):
    print(float(train_step(t)))
