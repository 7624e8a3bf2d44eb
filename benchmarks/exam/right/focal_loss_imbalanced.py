"""Focal loss on rare positives; bias of the last layer starts at the log odds."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(88)
rng = np.random.default_rng(88)
x = rng.normal(size=(2000, 6)).astype("float32")
y = (x[:, 0] + 0.5 * x[:, 1] > 2.0).astype("float32")
prior = y.mean()
model = keras.Sequential(
    [
        keras.layers.Input((6,)),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(float(np.log(prior / (1 - prior))))),
    ]
)
opt = keras.optimizers.Adam(1e-2)


def focal(labels, logits, gamma=2.0, alpha=0.75):
    ce = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    p = tf.sigmoid(logits)
    pt = labels * p + (1 - labels) * (1 - p)
    weight = labels * alpha + (1 - labels) * (1 - alpha)
    return tf.reduce_mean(weight * tf.pow(1 - pt, gamma) * ce)


@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        logits = tf.squeeze(model(xb, training=True), axis=-1)
        loss = focal(yb, logits)
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss


for epoch in range(6):
    order = rng.permutation(2000)
    total = [float(step(x[order[i : i + 100]], y[order[i : i + 100]])) for i in range(0, 2000, 100)]
    print(f"epoch {epoch}: loss {np.mean(total):.5f}")
