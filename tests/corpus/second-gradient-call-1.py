import tensorflow as tf

tf.keras.utils.set_random_seed(117)
encoder = tf.keras.layers.Dense(8, activation="relu")
classifier = tf.keras.layers.Dense(3)
domain = tf.keras.layers.Dense(1)
task_opt, domain_opt = tf.keras.optimizers.Adam(0.01), tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((48, 5))
y = tf.argmax(x[:, :3], axis=1)
d = tf.cast(x[:, 4:] > 0, tf.float32)


@tf.function
def adapt(x, y, d):
    with tf.GradientTape() as tape:
        h = encoder(x)
        task = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, classifier(h)))
        confusion = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(d, domain(h)))
        total = task - 0.1 * confusion
    task_vars = encoder.trainable_variables + classifier.trainable_variables
    task_opt.apply_gradients(zip(tape.gradient(total, task_vars), task_vars))
    domain_opt.apply_gradients(zip(tape.gradient(confusion, domain.trainable_variables), domain.trainable_variables))
    return task


for _ in range(4):
    print(float(adapt(x, y, d)))
