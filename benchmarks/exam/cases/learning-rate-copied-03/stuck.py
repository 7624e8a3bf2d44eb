import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(118)
x = np.random.randn(160, 4).astype("float32")
y = (x[:, :1] * 2 - 1).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, name="ab")])
config = {"rate": 0.5}
optimizer = tf.keras.optimizers.SGD(config["rate"])


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(10):
    if epoch in (3, 6):
        config["rate"] = config["rate"] * 0.1
        print("rate is now", config["rate"])
    for i in range(0, 160, 40):
        loss = train_step(x[i:i + 40], y[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
