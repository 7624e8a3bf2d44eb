"""Soft mixture of experts with a load-balancing term; experts in a list."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(71)


class MoE(keras.Model):
    def __init__(self, experts=4):
        super().__init__()
        self.experts = [keras.Sequential([keras.layers.Dense(12, "tanh"), keras.layers.Dense(1)]) for _ in range(experts)]
        self.gate = keras.layers.Dense(experts)

    def call(self, x):
        gates = tf.nn.softmax(self.gate(x))
        outputs = tf.concat([expert(x) for expert in self.experts], axis=1)
        return tf.reduce_sum(gates * outputs, axis=1, keepdims=True), gates


model = MoE()
optimizer = keras.optimizers.Adam(1e-2)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        prediction, gates = model(x)
        fit = tf.reduce_mean((prediction - y) ** 2)
        importance = tf.reduce_mean(gates, axis=0)
        balance = tf.reduce_sum(importance * tf.math.log(importance + 1e-8))
        loss = fit + 0.01 * balance
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return fit


x = tf.random.uniform((400, 2), -2, 2)
y = tf.where(x[:, :1] > 0, tf.sin(3 * x[:, 1:]), x[:, 1:] ** 2)
for i in range(150):
    fit = step(x, y)
    if i % 49 == 0:
        print("loss", float(fit))
