import tensorflow as tf

tf.keras.utils.set_random_seed(17)
encoder = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="relu"), tf.keras.layers.Dense(8)])
predictor = tf.keras.Sequential([tf.keras.layers.Dense(4, activation="relu"), tf.keras.layers.Dense(8)])
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9)


def negative_cosine(p, z):
    z = tf.stop_gradient(z)
    return -tf.reduce_mean(tf.reduce_sum(tf.math.l2_normalize(p, axis=1) * tf.math.l2_normalize(z, axis=1), axis=1))


@tf.function
def train_step(one, two):
    with tf.GradientTape() as tape:
        z1, z2 = encoder(one, training=True), encoder(two, training=True)
        p1, p2 = predictor(z1, training=True), predictor(z2, training=True)
        loss = negative_cosine(p1, z2) / 2 + negative_cosine(p2, z1) / 2
    variables = [*encoder.trainable_variables, *predictor.trainable_variables]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


x = tf.random.normal((48, 10))
for step in range(8):
    loss = train_step(x + 0.1 * tf.random.normal(x.shape), x + 0.1 * tf.random.normal(x.shape))
    print(step, loss.numpy())
