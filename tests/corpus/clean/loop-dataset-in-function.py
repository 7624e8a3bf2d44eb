import tensorflow as tf

tf.keras.utils.set_random_seed(48)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="elu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)
optimizer.build(model.trainable_variables)
loss_fn = tf.keras.losses.Huber()
mean_loss = tf.keras.metrics.Mean()
x = tf.random.normal((80, 4))
dataset = tf.data.Dataset.from_tensor_slices((x, tf.reduce_sum(x**2, axis=1, keepdims=True))).batch(16)


def compute_loss(x, y, training):
    return loss_fn(y, model(x, training=training))


@tf.function
def train_epoch(dataset):
    print("tracing the epoch")
    for x, y in dataset:
        with tf.GradientTape() as tape:
            loss = compute_loss(x, y, training=True)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        mean_loss.update_state(loss)
    return mean_loss.result()


for epoch in range(4):
    mean_loss.reset_state()
    print(epoch, float(train_epoch(dataset)))
