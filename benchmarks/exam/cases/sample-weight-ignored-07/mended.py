import numpy as np
import tensorflow as tf
from tensorflow import keras


def compute_loss(model, batch):
    error = tf.square(model(batch["x"]) - batch["y"]) * batch["w"]
    return tf.reduce_mean(error)


def train(model, data, optimizer):
    for x, y, w in data:
        batch = {"x": x, "y": y, "w": w}
        with tf.GradientTape() as tape:
            loss = compute_loss(model, batch)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


rng = np.random.default_rng(0)
x = rng.normal(size=(128, 3)).astype("float32")
w = np.where(x[:, :1] > 0, 5.0, 1.0).astype("float32")
data = tf.data.Dataset.from_tensor_slices((x, x[:, :1] ** 2, w)).batch(32)
net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
print(float(train(net, data, keras.optimizers.SGD(0.05))))
