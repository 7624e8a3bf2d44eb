"""Contrastive learning: two views of one thing are to lie close together.

For each of 2N views the right answer is its partner, among all the others. So the
loss is a cross entropy over similarities, with a view never compared to itself.

Vectors are brought to length one with a small number inside of the root, because
the derivative of a bare norm at zero is not a number. The projection head is
trained and thrown away; the encoder in front of it is what one wanted.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(13)
LENGTH, KINDS, TEMPERATURE = 24, 6, 0.2

encoder = keras.Sequential(
    [
        keras.layers.Input((LENGTH, 1)),
        keras.layers.Conv1D(16, 5, activation="relu"),
        keras.layers.Conv1D(32, 5, activation="relu"),
        keras.layers.GlobalAveragePooling1D(),
    ],
    name="encoder",
)
head = keras.Sequential([keras.layers.Input((32,)), keras.layers.Dense(16)], name="head")
optimizer = keras.optimizers.Adam(5e-3)
optimizer.build(encoder.trainable_variables + head.trainable_variables)


def view_of(batch):
    """The same signal, scaled, noisy, and begun elsewhere."""
    count = tf.shape(batch)[0]
    begin = tf.random.uniform((), 0, LENGTH, dtype=tf.int32)
    noise = 0.2 * tf.random.normal(tf.shape(batch))
    return tf.random.uniform((count, 1, 1), 0.7, 1.3) * tf.roll(batch, begin, axis=1) + noise


def contrast(one, other):
    count = tf.shape(one)[0]
    vectors = tf.concat([one, other], axis=0)
    vectors = vectors * tf.math.rsqrt(tf.reduce_sum(vectors**2, axis=1, keepdims=True) + 1e-8)
    similar = tf.matmul(vectors, vectors, transpose_b=True) / TEMPERATURE
    similar -= 1e9 * tf.eye(2 * count)
    partner = tf.concat([tf.range(count, 2 * count), tf.range(count)], axis=0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=partner, logits=similar)
    return tf.reduce_mean(losses)


@tf.function
def step(batch):
    variables = encoder.trainable_variables + head.trainable_variables
    with tf.GradientTape() as tape:
        one = head(encoder(view_of(batch), training=True), training=True)
        other = head(encoder(view_of(batch), training=True), training=True)
        loss = contrast(one, other)
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


def signals(count):
    kinds = tf.random.uniform((count,), 0, KINDS, dtype=tf.int32)
    times = 6.2832 * tf.range(LENGTH, dtype=tf.float32)[None] / LENGTH
    frequency = tf.cast(kinds, tf.float32)[:, None] + 1.0
    phase = tf.random.uniform((count, 1), 0.0, 6.28)
    return tf.sin(frequency * times + phase)[..., None], kinds


losses = []
for number in range(1, 151):
    batch, _ = signals(32)
    losses.append(float(step(batch)))
    if number % 30 == 0:
        print(f"step {number}: loss {sum(losses[-30:]) / 30:.4f}")

batch, kinds = signals(200)
vectors = tf.math.l2_normalize(encoder(batch), axis=1)
similar = vectors @ tf.transpose(vectors) - 2.0 * tf.eye(200)
nearest = tf.gather(kinds, tf.argmax(similar, axis=1))
share = tf.reduce_mean(tf.cast(tf.equal(nearest, kinds), tf.float32))
print(f"the nearest neighbour is of the same kind for {float(share):.0%}")
