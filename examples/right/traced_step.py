"""The step as a graph: what `tf.function` runs again, and what it does not.

Tracing runs the Python of the step once and keeps the TensorFlow operations;
later calls run only those. So what has to change from step to step must be a
tensor or a variable (here the share of dropped sensors), never a Python number,
and models, optimizers and counters are made outside.

The signature leaves the batch size open. Without it the short last batch would
be traced a second time, which is legal but slow.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(3)
LENGTH, SENSORS, CLASSES = 32, 3, 4

# Each example: three sensors on one machine, which swings at one of four frequencies.
classes = tf.random.uniform((600,), 0, CLASSES, dtype=tf.int32)
times = tf.range(LENGTH, dtype=tf.float32)[None, :, None] / LENGTH
frequency = 2.0 * tf.cast(classes, tf.float32)[:, None, None] + 2.0
phase = tf.random.uniform((600, 1, SENSORS), 0.0, 6.28)
signals = tf.sin(6.28 * frequency * times + phase) + tf.random.normal((600, LENGTH, SENSORS))

model = keras.Sequential(
    [
        keras.layers.Input((LENGTH, SENSORS)),
        keras.layers.Conv1D(16, 7, activation="relu", padding="same"),
        keras.layers.Conv1D(16, 7, activation="relu", padding="same"),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(CLASSES),
    ]
)
optimizer = keras.optimizers.Adam(5e-3)
optimizer.build(model.trainable_variables)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
dropped = tf.Variable(0.0, trainable=False, name="dropped")


@tf.function(
    input_signature=[
        tf.TensorSpec((None, LENGTH, SENSORS), tf.float32),
        tf.TensorSpec((None,), tf.int32),
    ]
)
def step(batch, labels):
    print("traced")  # runs once, not at every step: that is the point
    kept = tf.random.uniform((tf.shape(batch)[0], 1, SENSORS)) >= dropped
    with tf.GradientTape() as tape:
        logits = model(batch * tf.cast(kept, tf.float32), training=True)
        loss = cross_entropy(labels, logits)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


batches = tf.data.Dataset.from_tensor_slices((signals, classes)).shuffle(600, seed=3).batch(64)
for epoch in range(1, 9):
    dropped.assign(0.02 * epoch)
    losses = [float(step(batch, labels)) for batch, labels in batches]
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}, {float(dropped):.0%} dropped")
