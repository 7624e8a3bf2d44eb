import tensorflow as tf


def pairwise_distances(a):
    sq = tf.reduce_sum(a * a, axis=1)
    d2 = sq[:, None] - 2.0 * tf.matmul(a, a, transpose_b=True) + sq[None, :]
    return tf.sqrt(tf.maximum(d2, 0.0))  # stuck
    return tf.sqrt(tf.maximum(d2, 1e-12))  # mended


def batch_hard(labels, embeddings, margin):
    dist = pairwise_distances(embeddings)
    same = tf.cast(labels[:, None] == labels[None, :], tf.float32)
    hardest_pos = tf.reduce_max(dist * same, axis=1)
    hardest_neg = tf.reduce_min(dist + 1e6 * same, axis=1)
    return tf.reduce_mean(tf.nn.relu(hardest_pos - hardest_neg + margin))


embed = tf.keras.Sequential([tf.keras.Input((20,)), tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(8)])
optimizer = tf.keras.optimizers.Adam(1e-3)


@tf.function
def train_step(x, labels):
    with tf.GradientTape() as tape:
        loss = batch_hard(labels, embed(x, training=True), margin=0.5)
    grads = tape.gradient(loss, embed.trainable_variables)
    optimizer.apply_gradients(zip(grads, embed.trainable_variables))
    return loss


for _ in range(5):
    train_step(tf.random.normal((32, 20)), tf.random.uniform((32,), 0, 4, tf.int32))
