"""Keras 3 all the way: keras.ops in the layer, `optimizer.apply`, a loss tracker."""
import keras
import tensorflow as tf
from keras import ops

keras.utils.set_random_seed(62)


class Gated(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), name="w")
        self.g = self.add_weight(shape=(shape[-1], self.units), name="g")
        self.scale = keras.Variable(ops.ones((self.units,)), name="scale")

    def call(self, x):
        return ops.tanh(ops.matmul(x, self.w)) * ops.sigmoid(ops.matmul(x, self.g)) * self.scale


model = keras.Sequential([keras.layers.Input((6,)), Gated(16), keras.layers.Dense(1)])
optimizer = keras.optimizers.Nadam(1e-2)
optimizer.build(model.trainable_variables)
tracker = keras.metrics.MeanSquaredError()


@tf.function(jit_compile=True)
def train(x, y):
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = ops.mean(ops.square(y_pred - y))
    optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
    return loss, y_pred


x = keras.random.normal((256, 6))
y = x[:, :1] * x[:, 1:2]
for epoch in range(8):
    tracker.reset_state()
    for i in range(0, 256, 64):
        loss, y_pred = train(x[i : i + 64], y[i : i + 64])
        tracker.update_state(y[i : i + 64], y_pred)
    print("epoch", epoch, "loss", float(tracker.result()))
