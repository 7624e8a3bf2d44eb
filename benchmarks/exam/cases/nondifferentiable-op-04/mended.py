import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(119)
x = np.random.randn(160, 6).astype("float32")
labels = (x[:, :1] > 0.2).astype("float32")
net = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(8, activation="relu", name="aaa"),
                           tf.keras.layers.Dense(1, activation="sigmoid", name="bbb")])
adam = tf.keras.optimizers.Adam(0.01)


def f1_loss(truth, predicted):
    hard = predicted
    hits = tf.reduce_sum(truth * hard)
    return 1.0 - 2.0 * hits / (tf.reduce_sum(truth) + tf.reduce_sum(hard) + 1e-6)


@tf.function
def train_step(inputs, truth):
    with tf.GradientTape() as tape:
        loss = f1_loss(truth, net(inputs))
    grads = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(grads, net.trainable_variables))
    return loss


for epoch in range(10):
    for i in range(0, 160, 40):
        loss = train_step(x[i:i + 40], labels[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
