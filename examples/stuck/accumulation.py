"""Gradients of several small batches, summed; it learns, but less than it should.

The sums are meant for one update. Ask gradproof what happens to them after it:

    gradproof run examples/stuck/accumulation.py
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(4)
EVERY = 4

x = tf.random.normal((512, 8))
y = tf.cast(tf.reduce_sum(x[:, :3], axis=1) > 0, tf.int32)
model = keras.Sequential(
    [
        keras.layers.Input((8,)),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(2),
    ]
)
optimizer = keras.optimizers.Adam(1e-2)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]


@tf.function
def add(features, labels):
    with tf.GradientTape() as tape:
        # Divided here, so that the sum over the small batches is a mean.
        loss = loss_of(labels, model(features, training=True)) / EVERY
    gradients = tape.gradient(loss, model.trainable_variables)
    for total, gradient in zip(sums, gradients):
        total.assign_add(gradient)
    return loss * EVERY


@tf.function
def update():
    optimizer.apply_gradients(zip([total.value() for total in sums], model.trainable_variables))


batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
for epoch in range(5):
    losses = []
    for number, (features, labels) in enumerate(batches):
        losses.append(float(add(features, labels)))
        if number % EVERY == EVERY - 1:
            update()
    print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}")
