import tensorflow as tf
from tensorflow import keras

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
keras.utils.set_random_seed(60)
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
REPLICAS = mirrored.num_replicas_in_sync
x = tf.random.normal((240, 4))
y = tf.cast(tf.reduce_sum(x, axis=1, keepdims=True) > 0.0, tf.float32)

with mirrored.scope():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh", name="in"),
                            keras.layers.Dense(1, name="out")])
    sgd = keras.optimizers.SGD(0.3)
    criterion = keras.losses.BinaryCrossentropy(from_logits=True)


class Trainer:
    @tf.function
    def step(self, inputs, targets):
        parts = mirrored.run(self.replica, args=(inputs, targets))
        return mirrored.reduce("SUM", parts, axis=None)

    def replica(self, inputs, targets):
        with tf.GradientTape() as tape:
            loss = criterion(targets, net(inputs)) * (1.0 / REPLICAS)
        gradients = tape.gradient(loss, net.trainable_variables)
        sgd.apply_gradients(zip(gradients, net.trainable_variables))
        return loss


trainer = Trainer()
data = mirrored.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(48))
for epoch in range(6):
    for inputs, targets in data:
        loss = trainer.step(inputs, targets)
    print(epoch, float(loss))
