import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.keras.utils.set_random_seed(45)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
x = np.random.randn(160, 6).astype("float32")
y = np.cos(x[:, :2]).astype("float32")

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(12, activation="tanh", name="one"),
                                 tf.keras.layers.Dense(2, name="two")])
    optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def train_step(inputs, labels):
    def on_replica(inputs, labels):
        with tf.GradientTape() as tape:
            error = tf.reduce_sum(tf.square(model(inputs, training=True) - labels), axis=1)
            loss = tf.nn.compute_average_loss(error, global_batch_size=32)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    return strategy.reduce("SUM", strategy.run(on_replica, args=(inputs, labels)), axis=None)


rows = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(32))
for epoch in range(6):
    for inputs, labels in rows:
        loss = train_step(inputs, labels)
    print("epoch", epoch, "loss", float(loss))
