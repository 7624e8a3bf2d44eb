import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(103)

encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3)])
classifier_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.SGD(0.1)


@tf.function
def accumulate_and_apply(xs, ys):
    with tf.GradientTape() as tape:
        total_loss = 0.0
        for i in range(4):
            total_loss += classifier_loss(ys[i], encoder(xs[i], training=True)) / 4.0
    grads = tape.gradient(total_loss, encoder.trainable_variables)
    optimizer.apply_gradients(zip(grads, encoder.trainable_variables))
    return total_loss


x = np.random.randn(320, 6).astype("float32")
y = np.argmax(x[:, 3:], axis=1)
for epoch in range(5):
    order = np.random.permutation(320)
    for big in np.split(order, 5):
        loss = accumulate_and_apply(tf.constant(x[big].reshape(4, 16, 6)), tf.constant(y[big].reshape(4, 16)))
    print(epoch, f"{float(loss):.4f}")
