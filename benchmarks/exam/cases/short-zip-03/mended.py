import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(21)
USERS, ITEMS, DIM = 40, 60, 8
rng = np.random.default_rng(21)


def tower(count, name):
    return tf.keras.Sequential([tf.keras.layers.Embedding(count, DIM, name=name + "_table"), tf.keras.layers.Dense(DIM, name=name + "_mix")], name=name)


user_tower, item_tower = tower(USERS, "user"), tower(ITEMS, "item")
user_tower(tf.constant([0])), item_tower(tf.constant([0]))
optimizer = tf.keras.optimizers.Adagrad(0.1)


def sample(count=64):
    u = rng.integers(0, USERS, count)
    i = (u + rng.integers(0, 6, count)) % ITEMS
    w = np.where(u < 20, 1.0, 3.0).astype("float32")
    return tf.constant(u, tf.int32), tf.constant(i, tf.int32), tf.constant(w)


def in_batch_loss(users, items, weights):
    scores = tf.matmul(user_tower(users), item_tower(items), transpose_b=True)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.range(tf.shape(scores)[0]), logits=scores)
    return tf.reduce_sum(each * weights) / tf.reduce_sum(weights)


def fit_batch(batch):
    users, items, weights = batch
    with tf.GradientTape() as tape:
        loss = in_batch_loss(users, items, weights)
    variables = user_tower.trainable_variables + item_tower.trainable_variables
    grads = tape.gradient(loss, variables)
    pairs = list(zip(grads, variables))
    largest = max(float(tf.norm(tf.convert_to_tensor(g))) for g, _ in pairs)
    optimizer.apply_gradients(pairs)
    return loss, largest


for step in range(30):
    loss, largest = fit_batch(sample())
    if step % 6 == 0:
        print(step, float(loss), largest)
