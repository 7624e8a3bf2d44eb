import numpy as np
import tensorflow as tf


from tensorflow import keras


def build_forger():
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2)], name="forger")


def build_expert():
    return keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)], name="expert")


def expert_step(expert, optimizer, real, fake):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-expert(real))) + tf.reduce_mean(tf.nn.softplus(expert(fake)))
    variables = expert.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


def forger_step(forger, expert, optimizer, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-expert(forger(noise))))
    variables = forger.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return loss


keras.utils.set_random_seed(31)
forger, expert = build_forger(), build_expert()
expert.trainable = False
combined = keras.Sequential([forger, expert])
forger_optimizer, expert_optimizer = keras.optimizers.Adam(5e-3), keras.optimizers.Adam(5e-3)
for step in range(30):
    noise = tf.random.normal((32, 4))
    real = tf.random.normal((32, 2)) * 0.3 + 2.0
    e = expert_step(expert, expert_optimizer, real, forger(noise))
    f = forger_step(forger, expert, forger_optimizer, noise)
    if step % 10 == 9:
        print(step + 1, float(e), float(f))
