import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(58)


class RunningNorm(keras.layers.Layer):
    def build(self, shape):
        width = shape[-1]
        self.centre = self.add_weight(shape=(width,), initializer="zeros", trainable=False, name="centre")
        self.spread = self.add_weight(shape=(width,), initializer="ones", trainable=False, name="spread")

    def call(self, inputs, training=False):
        if training:
            self.centre.assign(0.9 * self.centre + 0.1 * tf.reduce_mean(inputs, axis=0))
            self.spread.assign(0.9 * self.spread + 0.1 * tf.math.reduce_std(inputs, axis=0))
        return (inputs - self.centre) / (self.spread + 1e-3)


encoder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(9, activation="tanh"), RunningNorm(name="running")])
encoder.trainable = False
model = keras.Sequential([keras.Input((5,)), encoder, keras.layers.Dense(1, name="top")])
optimizer = keras.optimizers.SGD(0.05)
x = tf.random.normal((160, 5), mean=1.0)
y = tf.reduce_sum(x, axis=1, keepdims=True) - 5.0

for step in range(40):
    part = slice(32 * (step % 5), 32 * (step % 5) + 32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x[part], training=True) - y[part]))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if step % 5 == 0:
        print("step", step, "loss", float(loss))
