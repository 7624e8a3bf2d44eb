import tensorflow as tf

tf.keras.utils.set_random_seed(15)
users = tf.keras.layers.Embedding(50, 4)
items = tf.keras.layers.Embedding(80, 4)
bias = tf.Variable(3.0, name="mean_rating")
optimizer = tf.keras.optimizers.Adam(0.05)
user_ids = tf.random.uniform((60,), maxval=10, dtype=tf.int32)
item_ids = tf.random.uniform((60,), maxval=12, dtype=tf.int32)
ratings = 3.0 + tf.cast(user_ids % 3, tf.float32) - tf.cast(item_ids % 2, tf.float32)
data = tf.data.Dataset.from_tensor_slices((user_ids, item_ids, ratings)).shuffle(60, seed=1).batch(12)

for epoch in range(3):
    for u, i, r in data:
        with tf.GradientTape() as tape:
            predicted = tf.reduce_sum(users(u) * items(i), axis=1) + bias
            loss = tf.reduce_mean((predicted - r) ** 2)
        variables = users.trainable_variables + items.trainable_variables + [bias]
        gradients = tape.gradient(loss, variables)
        gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
        optimizer.apply_gradients(zip(gradients, variables))
    print(epoch, float(loss), float(norm))
