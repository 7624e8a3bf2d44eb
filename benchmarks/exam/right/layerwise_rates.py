"""Discriminative fine-tuning: deeper layers get smaller steps, by scaling of gradients."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(27)
model = keras.Sequential(
    [keras.layers.Input((8,))] + [keras.layers.Dense(16, activation="elu") for _ in range(3)] + [keras.layers.Dense(1)]
)
scales = {}
for depth, layer in enumerate(reversed(model.layers)):
    for v in layer.trainable_variables:
        scales[id(v)] = 0.6**depth
opt = keras.optimizers.SGD(0.05, momentum=0.8)


@tf.function
def step(x, y):
    with tf.GradientTape() as t:
        loss = tf.reduce_mean(tf.math.squared_difference(model(x, training=True), y))
    vs = model.trainable_variables
    gs = t.gradient(loss, vs)
    opt.apply_gradients([(g * scales[id(v)], v) for g, v in zip(gs, vs)])
    return loss


x = tf.random.normal((256, 8))
y = tf.reduce_mean(x, axis=1, keepdims=True) ** 2
for i in range(150):
    l = step(x, y)
    if i % 50 == 0 or i == 149:
        print("loss", l.numpy())
