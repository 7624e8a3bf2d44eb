import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(8)
x = np.random.rand(160, 12, 12, 1).astype("float32")
y = (x[:, 2:6, 2:6].mean(axis=(1, 2)) > 0.5).astype("float32")

trunk = tf.keras.Sequential([
    layers.Input((12, 12, 1)), layers.Conv2D(6, 3, activation="relu", name="trunk_conv")], name="trunk")
head = tf.keras.Sequential([
    layers.Input((10, 10, 6)), layers.GlobalAveragePooling2D(), layers.Dense(1, name="score")], name="head")
image = layers.Input((12, 12, 1))
classifier = tf.keras.Model(image, head(trunk(image)))
optimizer = tf.keras.optimizers.Adam(0.01)


def attention_penalty(batch, tape):
    maps = trunk(batch)
    tape.watch(maps)
    score = classifier(batch)
    slope = tape.gradient(score, maps)
    return tf.reduce_mean(tf.square(slope))


for epoch in range(4):
    for i in range(0, 160, 20):
        xb, yb = tf.constant(x[i:i + 20]), tf.constant(y[i:i + 20])
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                penalty = attention_penalty(xb, inner)
            logit = classifier(xb, training=True)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(yb, logit)) + 0.1 * penalty
        grads = tape.gradient(loss, classifier.trainable_variables)
        optimizer.apply_gradients(zip(grads, classifier.trainable_variables))
    print("epoch", epoch, "loss", float(loss))
