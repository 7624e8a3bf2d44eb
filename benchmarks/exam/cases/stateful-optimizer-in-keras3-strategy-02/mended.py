import tensorflow as tf
from tensorflow import keras

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
keras.utils.set_random_seed(46)


class Loop:
    def __init__(self, strategy):
        self.strategy = strategy
        with strategy.scope():
            self.net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, activation="relu", name="a"),
                                         keras.layers.Dense(1, name="b")])
            self.sgd = tf.keras.optimizers.SGD(0.05)

    def replica(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(self.net(x) - y)) / 40.0
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.sgd.apply_gradients(zip(grads, self.net.trainable_variables))
        return loss

    @tf.function
    def step(self, x, y):
        return self.strategy.reduce("SUM", self.strategy.run(self.replica, (x, y)), axis=None)


x = tf.random.normal((200, 3))
y = tf.reduce_sum(tf.nn.relu(x), axis=1, keepdims=True)
loop = Loop(mirrored)
batches = mirrored.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(40))
for epoch in range(5):
    for a, b in batches:
        loss = loop.step(a, b)
    print(epoch, float(loss))
