import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(100)
ids = np.random.randint(0, 30, (120, 5))
y = (ids.mean(axis=1, keepdims=True) > 14).astype("float32")
embedding = tf.keras.layers.Embedding(30, 6, name="embedding")
dense = tf.keras.layers.Dense(1, name="dense")
embedding.build((None, 5))
dense.build((None, 6))
weights = embedding.trainable_variables + dense.trainable_variables
optimizer = tf.keras.optimizers.SGD(0.5)


@tf.function
def train_step(tokens, labels):
    with tf.GradientTape() as tape:
        logits = dense(tf.reduce_mean(embedding(tokens), axis=1))
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
    grads = tape.gradient(loss, weights)
    grads = [0.5 * (g + g) for g in grads]
    optimizer.apply_gradients(zip(grads, weights))
    return loss


for epoch in range(8):
    for i in range(0, 120, 30):
        loss = train_step(ids[i:i + 30], y[i:i + 30])
    print("epoch", epoch, "loss", float(loss))
