import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(6)
views = np.random.randn(128, 2, 10).astype("float32")
views[:, 1] = views[:, 0] + 0.1 * views[:, 1]
ds = tf.data.Dataset.from_tensor_slices(views).map(lambda v: (v[0], v[1])).shuffle(128, seed=1).batch(16)
encoder = tf.keras.Sequential([tf.keras.Input((10,)), tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(8)])
optimizer = tf.keras.optimizers.Adam(1e-3)


def similarity(a, b, temperature=0.2):
    a = tf.math.l2_normalize(a, axis=1)
    b = tf.math.l2_normalize(b, axis=1)
    return tf.matmul(a, b, transpose_b=True) / temperature


def info_nce(a, b):
    logits = similarity(a, b)
    labels = tf.range(tf.shape(a)[0])
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))


for epoch in range(4):
    for first, second in ds:
        with tf.GradientTape() as tape:
            loss = info_nce(encoder(first, training=True), encoder(second, training=True))
        grads = tape.gradient(loss, encoder.trainable_variables)
        optimizer.apply_gradients(zip(grads, encoder.trainable_variables))
    print("epoch", epoch, "nce", loss.numpy())
