import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.keras.utils.set_random_seed(65)
x = np.random.randn(128, 3).astype("float32")
y = (x @ np.array([[1.0], [2.0], [-1.0]])).astype("float32")

with strategy.scope():
    slope = tf.Variable(tf.zeros((3, 1)), name="slope")
    shift = tf.Variable(tf.zeros((1,)), name="shift")


def by_hand(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(inputs @ slope + shift - labels))
    gradients = tape.gradient(loss, (slope, shift))
    gradients = tf.distribute.get_replica_context().all_reduce("MEAN", gradients)
    for variable, gradient in zip((slope, shift), gradients):
        variable.assign_sub(0.1 * gradient)
    return loss


@tf.function
def step(inputs, labels):
    return strategy.reduce("MEAN", strategy.run(by_hand, args=(inputs, labels)), axis=None)


data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(32))
for epoch in range(5):
    for inputs, labels in data:
        loss = step(inputs, labels)
    print("epoch", epoch, "loss", float(loss))
