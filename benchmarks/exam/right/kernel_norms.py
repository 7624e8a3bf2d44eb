"""Norms of the matrices only: the biases start at zero."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(72)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.02)
x = tf.random.normal((64, 3))
y = tf.reduce_sum(x, 1, keepdims=True)
kernels = [v for v in model.trainable_variables if len(v.shape) == 2]
for i in range(40):
    with tf.GradientTape() as tape:
        pred = model(x)
        rmse = tf.sqrt(tf.reduce_mean((pred - y) ** 2))
        penalty = tf.add_n([tf.norm(tf.convert_to_tensor(k)) for k in kernels])
        loss = rmse + 1e-4 * penalty
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
print(float(loss))
