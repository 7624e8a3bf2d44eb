import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.keras.utils.set_random_seed(44)
x = np.random.randn(120, 3).astype("float32")
y = np.abs(x).sum(axis=1, keepdims=True)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(8, activation="relu", name="up"),
                                 tf.keras.layers.Dense(1, name="down")])
    optimizer = tf.keras.optimizers.SGD(0.02)


def step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(inputs) - labels)) / 40.0
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


@tf.function
def train(inputs, labels):
    with strategy.scope():
        return step(inputs, labels)


batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(40))
for epoch in range(8):
    for i in range(0, 120, 40):
        loss = train(x[i:i + 40], y[i:i + 40])
    print("epoch", epoch, "loss", float(loss))
