"""Mixup inside of the data pipeline and a cosine rate set from outside."""
import math

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(86)
x = tf.random.normal((640, 12))
y = tf.one_hot(tf.argmax(x[:, :4] + x[:, 4:8], 1), 4)


def mixup(xb, yb):
    lam = tf.random.uniform((tf.shape(xb)[0], 1), 0.7, 1.0)
    order = tf.random.shuffle(tf.range(tf.shape(xb)[0]))
    return lam * xb + (1 - lam) * tf.gather(xb, order), lam * yb + (1 - lam) * tf.gather(yb, order)


ds = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(640).batch(64).map(mixup).prefetch(1)
model = keras.Sequential([keras.layers.Input((12,)), keras.layers.Dense(48, activation="gelu"), keras.layers.Dropout(0.1), keras.layers.Dense(4)])
optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
loss_object = keras.losses.CategoricalCrossentropy(from_logits=True)
EPOCHS = 10


@tf.function
def train_one(xb, yb):
    with tf.GradientTape() as tape:
        loss = loss_object(yb, model(xb, training=True))
    g = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(g, model.trainable_variables))
    return loss


for epoch in range(EPOCHS):
    optimizer.learning_rate = 0.1 * 0.5 * (1 + math.cos(math.pi * epoch / EPOCHS))
    mean = keras.metrics.Mean()
    for xb, yb in ds:
        mean(train_one(xb, yb))
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", mean.result().numpy())
