import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.keras.utils.set_random_seed(66)
x = np.random.randn(160, 4).astype("float32")
y = np.maximum(x, 0).sum(axis=1, keepdims=True)

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="relu", name="k1"),
                                 tf.keras.layers.Dense(1, name="k2")])
    optimizer = tf.keras.optimizers.SGD(0.02, momentum=0.9)


def replica_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(inputs, training=True) - labels)) / 40.0
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


@tf.function
def step(inputs, labels):
    return strategy.reduce("SUM", strategy.run(replica_step, args=(inputs, labels)), axis=None)


batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(40))
for epoch in range(6):
    for inputs, labels in batches:
        loss = step(inputs, labels)
    print(epoch, float(loss))
