import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(85)
x = np.random.randn(192, 6).astype("float32")
labels = (x[:, :1] > 0).astype("float32")
x[:, 0] *= 30.0
labels[::9] = 1.0 - labels[::9]
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(1, name="logit")])
optimizer = tf.keras.optimizers.SGD(0.01)


@tf.function
def train_step(inputs, targets):
    with tf.GradientTape() as tape:
        logits = tf.cast(model(inputs), tf.float16)
        targets = tf.cast(targets, tf.float16)
        p = 1.0 / (1.0 + tf.exp(-logits))
        losses = -targets * tf.math.log(p + 1e-8) - (1.0 - targets) * tf.math.log(1.0 - p + 1e-8)
        loss = tf.reduce_mean(tf.cast(losses, tf.float32))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(5):
    for i in range(0, 192, 48):
        loss = train_step(x[i:i + 48], labels[i:i + 48])
    print("epoch", epoch, "loss", float(loss))
