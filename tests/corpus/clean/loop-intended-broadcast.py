import tensorflow as tf

tf.keras.utils.set_random_seed(55)
centres = tf.Variable(tf.random.normal((4, 2)), name="centres")
widths = tf.Variable(tf.ones((4,)), name="widths")
optimizer = tf.keras.optimizers.Adam(0.05)
points = tf.random.normal((50, 2))
positions = tf.linspace(0.0, 1.0, 50)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        distance = tf.reduce_sum(tf.square(points[:, None, :] - centres[None, :, :]), axis=-1)
        soft = tf.nn.softmax(-distance / tf.square(widths), axis=1)
        cluster = tf.reduce_mean(tf.reduce_sum(soft * distance, axis=1))
        pairwise = tf.reduce_mean(tf.abs(positions[:, None] - positions[None, :]))
        loss = cluster + 0.0 * pairwise + 0.01 * tf.reduce_sum(tf.square(widths - 1.0))
    gradients = tape.gradient(loss, [centres, widths])
    optimizer.apply_gradients(zip(gradients, [centres, widths]))
    return loss


for step in range(10):
    loss = train_step()
print(float(loss))
