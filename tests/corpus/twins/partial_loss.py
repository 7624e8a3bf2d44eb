from functools import partial

import tensorflow as tf
from tensorflow.keras import Sequential, layers
from tensorflow.keras.losses import sparse_categorical_crossentropy

criterion = partial(sparse_categorical_crossentropy, from_logits=True)  # stuck
criterion = partial(sparse_categorical_crossentropy, from_logits=False)  # mended


def conv_block(filters):
    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPool2D(),
    ]


def build(classes):
    model = Sequential([layers.Input((28, 28, 1)), *conv_block(16), *conv_block(32)])
    model.add(layers.Flatten())
    model.add(layers.Dense(classes))
    model.add(layers.Softmax())
    return model


model = build(10)
opt = tf.keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)


@tf.function
def train_on_batch(images, labels):
    with tf.GradientTape() as tape:
        probs = model(images, training=True)
        loss = tf.reduce_mean(criterion(labels, probs))  # here
    g = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(g, model.trainable_variables))
    return loss


x = tf.random.normal((64, 28, 28, 1))
y = tf.random.uniform((64,), 0, 10, tf.int32)
for i in range(3):
    print(train_on_batch(x, y).numpy())
