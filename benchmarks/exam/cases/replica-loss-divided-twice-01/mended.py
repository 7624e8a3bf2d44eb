import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.keras.utils.set_random_seed(59)
x = np.random.randn(256, 7).astype("float32")
y = (x @ np.random.randn(7, 1)).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(64)

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((7,)), tf.keras.layers.Dense(1, name="w")])
    optimizer = tf.keras.optimizers.SGD(0.1)
    mse = tf.keras.losses.MeanSquaredError()


def replica_fn(features, labels):
    with tf.GradientTape() as tape:
        loss = mse(labels, model(features, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


@tf.function
def distributed_step(features, labels):
    losses = strategy.run(replica_fn, args=(features, labels))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


for epoch in range(6):
    for features, labels in strategy.experimental_distribute_dataset(dataset):
        loss = distributed_step(features, labels)
    print("epoch", epoch, "loss", float(loss))
