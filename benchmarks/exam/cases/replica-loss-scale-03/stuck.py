import numpy as np
import tensorflow as tf
from tensorflow import keras

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration(), tf.config.LogicalDeviceConfiguration()])


class DistributedTrainer:
    def __init__(self, strategy, per_replica):
        self.strategy = strategy
        self.per_replica = per_replica
        self.global_batch = per_replica * strategy.num_replicas_in_sync
        with strategy.scope():
            self.model = keras.Sequential([
                keras.layers.Input((6,)), keras.layers.Dense(16, activation="tanh", name="hidden"),
                keras.layers.Dense(3, name="out")])
            self.optimizer = keras.optimizers.SGD(0.3)

    def compute_loss(self, labels, logits):
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_sum(each) / self.per_replica

    def replica_step(self, inputs, labels):
        with tf.GradientTape() as tape:
            loss = self.compute_loss(labels, self.model(inputs, training=True))
        weights = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return loss

    @tf.function
    def step(self, inputs, labels):
        losses = self.strategy.run(self.replica_step, args=(inputs, labels))
        return self.strategy.reduce(tf.distribute.ReduceOp.MEAN, losses, axis=None)

    def fit(self, dataset, epochs):
        dataset = self.strategy.experimental_distribute_dataset(dataset.batch(self.global_batch))
        for epoch in range(epochs):
            losses = [self.step(a, b).numpy() for a, b in dataset]
            print("epoch", epoch, "loss", sum(losses) / len(losses))


keras.utils.set_random_seed(61)
x = np.random.randn(384, 6).astype("float32")
y = np.argmax(x[:, :3] + 0.2 * np.random.randn(384, 3), axis=1).astype("int32")
trainer = DistributedTrainer(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), per_replica=16)
trainer.fit(tf.data.Dataset.from_tensor_slices((x, y)), epochs=5)
