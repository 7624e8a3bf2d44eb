"""LoRA: frozen kernels with low-rank updates beside them."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(83)


class LoRADense(keras.layers.Layer):
    def __init__(self, base, rank=2):
        super().__init__()
        self.base = base
        self.base.trainable = False
        self.rank = rank

    def build(self, input_shape):
        self.a = self.add_weight(name="a", shape=(input_shape[-1], self.rank), initializer="random_normal")
        self.b = self.add_weight(name="b", shape=(self.rank, self.base.units), initializer="zeros")

    def call(self, x):
        return self.base(x) + tf.matmul(tf.matmul(x, self.a), self.b)


x = tf.random.normal((512, 8))
first, second = keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)
pre = keras.Sequential([keras.layers.Input((8,)), first, second])
pre.compile(keras.optimizers.Adam(1e-2), "mse")
pre.fit(x, tf.reduce_sum(x, 1, keepdims=True), epochs=5, verbose=0)
tuned = keras.Sequential([keras.layers.Input((8,)), LoRADense(first), LoRADense(second)])
optimizer = keras.optimizers.Adam(1e-2)
y = tf.reduce_sum(x, 1, keepdims=True) + tf.abs(x[:, :1])


@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tuned(x, training=True) - y))
    grads = tape.gradient(loss, tuned.trainable_variables)
    optimizer.apply_gradients(zip(grads, tuned.trainable_variables))
    return loss


for i in range(100):
    loss = step()
    if i % 33 == 0:
        print("loss", float(loss))
