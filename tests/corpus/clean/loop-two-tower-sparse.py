import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(6)
users, items = layers.Embedding(50, 8, name="users"), layers.Embedding(80, 8, name="items")
bias = tf.Variable(tf.zeros(80), name="item_bias")
users(tf.constant([0])); items(tf.constant([0]))
variables = users.trainable_variables + items.trainable_variables + [bias]
optimizer = tf.keras.optimizers.Adagrad(0.3)
sums = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]


@tf.function
def accumulate(u, i, j):
    with tf.GradientTape() as tape:
        a, p, n = users(u), items(i), items(j)
        positive = tf.reduce_sum(a * p, 1) + tf.gather(bias, i)
        negative = tf.reduce_sum(a * n, 1) + tf.gather(bias, j)
        loss = -tf.reduce_mean(tf.math.log_sigmoid(positive - negative))
    for s, g in zip(sums, tape.gradient(loss, variables)):
        s.assign_add(tf.convert_to_tensor(g) / 4.0)
    return loss


@tf.function
def apply():
    optimizer.apply_gradients(zip([s.value() if hasattr(s.value, "__call__") else s.value for s in sums], variables))
    for s in sums:
        s.assign(tf.zeros_like(s))


u = tf.random.uniform((960,), maxval=50, dtype=tf.int32)
i = (u * 3) % 80
j = tf.random.uniform((960,), maxval=80, dtype=tf.int32)
for step in range(40):
    sl = slice((step % 20) * 48, (step % 20) * 48 + 48)
    loss = accumulate(u[sl], i[sl], j[sl])
    if step % 4 == 3:
        apply()
    if step % 10 == 0:
        print(step, float(loss))
