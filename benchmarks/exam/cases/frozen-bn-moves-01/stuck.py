import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(57)
big = np.random.randn(256, 6).astype("float32") * 2 + 3
small = np.random.randn(96, 6).astype("float32") * 3 - 1
features = tf.keras.Sequential([layers.Input((6,)), layers.Dense(12, name="proj"),
                                layers.BatchNormalization(name="norm"), layers.ReLU()])
decoder = tf.keras.Sequential([layers.Input((12,)), layers.Dense(6, name="decoder")])
head = tf.keras.Sequential([layers.Input((12,)), layers.Dense(2, name="head")])
first, second = tf.keras.optimizers.Adam(0.01), tf.keras.optimizers.Adam(0.01)
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def pretrain(inputs):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(decoder(features(inputs, training=True), training=True) - inputs))
    weights = features.trainable_variables + decoder.trainable_variables
    first.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


@tf.function
def train_head(inputs, labels):
    with tf.GradientTape() as tape:
        frozen = features(inputs, training=True)
        loss = loss_object(labels, head(frozen, training=True))
    grads = tape.gradient(loss, head.trainable_variables)
    second.apply_gradients(zip(grads, head.trainable_variables))
    return loss


for epoch in range(6):
    for i in range(0, 256, 64):
        loss = pretrain(big[i:i + 64])
print("pretrained", float(loss))
labels = (small[:, 0] > -1).astype("int32")
for epoch in range(8):
    for i in range(0, 96, 32):
        loss = train_head(small[i:i + 32], labels[i:i + 32])
    print("epoch", epoch, "loss", float(loss))
