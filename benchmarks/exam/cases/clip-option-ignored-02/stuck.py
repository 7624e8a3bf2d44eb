import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(54)
x = np.random.randn(160, 5).astype("float32") * 8
y = (3.0 * x[:, :1] + 1.0).astype("float32")
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, name="row")])
inner = keras.optimizers.SGD(0.02)
optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=64.0)
optimizer.clipnorm = 0.5


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
        scaled = optimizer.scale_loss(loss)
    grads = tape.gradient(scaled, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(8):
    for i in range(0, 160, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
