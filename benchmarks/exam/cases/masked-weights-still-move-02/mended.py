import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(91)
tokens = np.random.randint(1, 12, (200, 6))
tokens[:, 4:] = 0
labels = (tokens.sum(axis=1) > 26).astype("float32")[:, None]
table = tf.Variable(tf.random.normal((12, 8), stddev=0.3, seed=1), name="table")
head = tf.keras.layers.Dense(1, name="head")
head.build((None, 8))
adamw = tf.keras.optimizers.AdamW(0.02, weight_decay=0.05)
keep = tf.constant([[0.0]] + [[1.0]] * 11)
weights = [table, *head.trainable_variables]


@tf.function
def train_step(ids, targets):
    with tf.GradientTape() as tape:
        pooled = tf.reduce_mean(tf.gather(table, ids), axis=1)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, head(pooled)))
    grads = tape.gradient(loss, weights)
    padding = tf.identity(table[:1])
    adamw.apply_gradients(zip(grads, weights))
    table.assign(tf.concat([padding, table[1:]], axis=0))
    return loss


for epoch in range(10):
    for i in range(0, 200, 50):
        loss = train_step(tokens[i:i + 50], labels[i:i + 50])
    print("epoch", epoch, "loss", float(loss))
