import tensorflow as tf

strategy = tf.distribute.MirroredStrategy()
GLOBAL_BATCH = 64 * strategy.num_replicas_in_sync

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((10,)), tf.keras.layers.Dense(32, "relu"), tf.keras.layers.Dense(3)])
    optimizer = tf.keras.optimizers.SGD(0.1)


def compute_loss(labels, logits):
    per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(per_example)  # stuck
    return tf.nn.compute_average_loss(per_example, global_batch_size=GLOBAL_BATCH)  # mended


def replica_step(inputs):
    x, y = inputs
    with tf.GradientTape() as tape:
        loss = compute_loss(y, model(x, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


@tf.function
def train_step(batch):
    losses = strategy.run(replica_step, args=(batch,))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


data = tf.data.Dataset.from_tensor_slices(
    (tf.random.normal((256, 10)), tf.random.uniform((256,), 0, 3, tf.int32))
).batch(GLOBAL_BATCH)
for batch in strategy.experimental_distribute_dataset(data):
    print(train_step(batch))
