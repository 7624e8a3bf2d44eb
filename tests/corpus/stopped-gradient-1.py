import tensorflow as tf

tf.keras.utils.set_random_seed(1)
images = tf.random.uniform((128, 8, 8, 1))

encoder = tf.keras.Sequential(
    [
        tf.keras.layers.Conv2D(8, 3, activation="relu"),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(16),
    ]
)
predictor = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(16)])
encoder(images[:1])
predictor(tf.zeros((1, 16)))
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9)


def distance(p, z):
    p = tf.stop_gradient(p)
    p = tf.math.l2_normalize(p, axis=1)
    z = tf.math.l2_normalize(z, axis=1)
    return -tf.reduce_mean(tf.reduce_sum(p * z, axis=1))


def augment(x):
    return x + tf.random.normal(tf.shape(x), stddev=0.1)


@tf.function
def step(x):
    variables = encoder.trainable_variables + predictor.trainable_variables
    with tf.GradientTape() as tape:
        z1, z2 = encoder(augment(x)), encoder(augment(x))
        p1, p2 = predictor(z1), predictor(z2)
        loss = 0.5 * (distance(p1, z2) + distance(p2, z1))
    grads = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(grads, variables))
    return loss


for i in range(40):
    loss = step(tf.gather(images, tf.random.uniform((32,), maxval=128, dtype=tf.int32)))
    if i % 10 == 0:
        print(i, loss.numpy())
