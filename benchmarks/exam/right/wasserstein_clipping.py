"""A critic whose weights are clipped after each of its steps."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(10)
gen = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
critic = keras.Sequential([keras.Input((1,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
g_opt, c_opt = keras.optimizers.RMSprop(5e-3), keras.optimizers.RMSprop(5e-3)


@tf.function
def critic_step(real):
    fake = gen(tf.random.normal((64, 2)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
    grads = tape.gradient(loss, critic.trainable_variables)
    c_opt.apply_gradients(zip(grads, critic.trainable_variables))
    for v in critic.trainable_variables:
        v.assign(tf.clip_by_value(v, -0.1, 0.1))
    return loss


@tf.function
def gen_step():
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(gen(tf.random.normal((64, 2)))))
    grads = tape.gradient(loss, gen.trainable_variables)
    g_opt.apply_gradients(zip(grads, gen.trainable_variables))
    return loss


for it in range(40):
    for _ in range(5):
        c = critic_step(tf.constant(np.random.normal(3, 0.5, (64, 1)), tf.float32))
    g = gen_step()
    if it % 10 == 0:
        print(it, float(c), float(g))
