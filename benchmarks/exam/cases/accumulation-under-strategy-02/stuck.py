import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.keras.utils.set_random_seed(42)
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
points = np.random.uniform(-1, 1, (192, 2)).astype("float32")
values = (points[:, :1] ** 2 - points[:, 1:]).astype("float32")

with mirrored.scope():
    net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(16, activation="tanh", name="hid"),
                               tf.keras.layers.Dense(1, name="out")])
    opt = tf.keras.optimizers.SGD(0.2)
    calls = tf.Variable(0, trainable=False, dtype=tf.int64, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)


@tf.function
def train(batch):
    def body(pts, vals):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(net(pts) - vals)) / 32.0
        grads = tape.gradient(loss, net.trainable_variables)
        if tf.math.is_finite(tf.linalg.global_norm(grads)):
            opt.apply_gradients(zip(grads, net.trainable_variables))
        return loss

    per_replica = mirrored.run(body, args=batch)
    return mirrored.reduce("SUM", per_replica, axis=None)


dataset = tf.data.Dataset.from_tensor_slices((points, values)).batch(32)
for epoch in range(5):
    for batch in mirrored.experimental_distribute_dataset(dataset):
        loss = train(batch)
    print(epoch, float(loss))
