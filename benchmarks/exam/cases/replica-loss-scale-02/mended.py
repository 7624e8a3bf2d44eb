import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.keras.utils.set_random_seed(122)
x = np.random.randn(192, 5).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int64")

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(8, activation="tanh", name="low"),
                                 tf.keras.layers.Dense(2, name="high")])
    optimizer = tf.keras.optimizers.SGD(0.2)


class Distributed:
    def loss(self, labels, logits):
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_sum(each) / 48.0

    def on_replica(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = self.loss(labels, model(inputs, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    @tf.function
    def step(self, inputs, labels):
        losses = strategy.run(self.on_replica, args=(inputs, labels))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


loop = Distributed()
data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(48))
for epoch in range(5):
    for inputs, labels in data:
        loss = loop.step(inputs, labels)
    print("epoch", epoch, "loss", float(loss))
