import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(6)
x = np.random.randn(200, 20).astype("float32")
y = (x[:, :2].sum(axis=1) > 0).astype("int64")
drop = layers.Dropout(0.1)
model = tf.keras.Sequential([
    layers.Input((20,)), layers.Dense(64, activation="relu", name="wide"), drop, layers.Dense(2, name="wide_out")])
opt = tf.keras.optimizers.Adam(5e-3)


def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(yb, model(xb, training=True)))
    g = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(g, model.trainable_variables))
    return loss


for epoch in range(8):
    losses = [float(step(x[i:i + 20], y[i:i + 20])) for i in range(0, 200, 20)]
    print(f"epoch {epoch} dropout {drop.rate} loss {np.mean(losses):.4f}")
    if epoch == 1:
        drop.rate = 0.5
