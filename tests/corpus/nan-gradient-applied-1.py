import tensorflow as tf

tf.keras.utils.set_random_seed(119)
embedding = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(4)])
optimizer = tf.keras.optimizers.Adam(0.01)
points = tf.random.normal((12, 3))
same = tf.cast(tf.equal(tf.range(12)[:, None] % 3, tf.range(12)[None, :] % 3), tf.float32)


@tf.function
def contrastive_step(points):
    with tf.GradientTape() as tape:
        z = embedding(points)
        difference = z[:, None, :] - z[None, :, :]
        distance = tf.norm(difference, axis=-1)
        attract = same * tf.square(distance)
        repel = (1.0 - same) * tf.square(tf.nn.relu(1.0 - distance))
        loss = tf.reduce_mean(attract + repel + 0.01 * distance)
    gradients = tape.gradient(loss, embedding.trainable_variables)
    optimizer.apply_gradients(zip(gradients, embedding.trainable_variables))
    return loss


for step in range(4):
    print(step, float(contrastive_step(points)))
