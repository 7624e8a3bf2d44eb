"""Fine-tuning: first a new head on a frozen body, then all of it, gently.

Freezing is `body.trainable = False`: its variables leave `trainable_variables`, the
list that the step reads. A traced step has read that list already, so each phase
makes its own step and its own optimizer after the flag is set.

Batch normalization keeps moving averages. The body is called with `training=False`
in both phases, so that a small new data set does not overwrite them.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(17)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

body = keras.Sequential(
    [
        keras.layers.Input((12,)),
        keras.layers.Dense(32),
        keras.layers.BatchNormalization(),
        keras.layers.Activation("relu"),
        keras.layers.Dense(32, activation="relu"),
    ],
    name="body",
)


def training(head, rate, body_learns_statistics):
    """Makes a step for what is trainable now."""
    variables = body.trainable_variables + head.trainable_variables
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(variables)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, head(body(x, training=body_learns_statistics)))
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return loss

    return step


def run(step, x, y, epochs, words):
    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1024, seed=17).batch(32)
    for epoch in range(1, epochs + 1):
        losses = [float(step(*batch)) for batch in batches]
        print(f"{words}, epoch {epoch}: loss {sum(losses) / len(losses):.4f}")


def head_for(classes):
    return keras.Sequential([keras.layers.Input((32,)), keras.layers.Dense(classes)])


mixing = tf.random.normal((12, 12)) / 12**0.5
big_x = tf.random.normal((1024, 12))
big_y = tf.argmax((tf.tanh(big_x @ mixing))[:, :6], axis=1)
run(training(head_for(6), 5e-3, True), big_x, big_y, 6, "large data")

# A related question with few examples.
small_x = tf.random.normal((96, 12))
small_y = tf.argmax((tf.tanh(small_x @ mixing))[:, 3:6], axis=1)
head = head_for(3)
body.trainable = False
run(training(head, 1e-2, False), small_x, small_y, 6, "small data, body frozen")
body.trainable = True
step = training(head, 1e-3, False)
run(step, small_x, small_y, 6, "small data, all of it")
