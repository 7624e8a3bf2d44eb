"""Regularisers whose factor is set to 0."""
import tensorflow as tf
from tensorflow import keras
keras.utils.set_random_seed(13)
L2 = 0.0
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(24, activation="relu", kernel_regularizer=keras.regularizers.L2(L2)),
                          keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.01)
x = tf.random.normal((128, 6))
y = tf.reduce_sum(x, 1, keepdims=True)
for i in range(60):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
print(float(loss))
