import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(11)
x = np.random.randn(150, 6).astype("float32")
y = np.argmax(x[:, :3], axis=1).reshape(-1, 1)
net = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(3)])
opt = tf.keras.optimizers.Adam(0.01)


def cross_entropy(labels, logits):
    target = tf.one_hot(labels[:, 0], depth=3)
    return -tf.reduce_mean(tf.reduce_sum(target * tf.nn.log_softmax(logits), axis=-1))


for epoch in range(8):
    for i in range(0, 150, 30):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y[i:i + 30], net(x[i:i + 30]))
        opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    print(epoch, float(loss))
