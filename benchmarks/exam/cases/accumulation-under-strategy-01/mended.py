import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.keras.utils.set_random_seed(41)
x = np.random.randn(256, 5).astype("float32")
y = (x @ np.random.randn(5, 1)).astype("float32")
data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(32))

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(1, name="line")])
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    sums = [tf.Variable(tf.zeros(v.shape), trainable=False, synchronization=tf.VariableSynchronization.ON_READ,
                        aggregation=tf.VariableAggregation.SUM) for v in model.trainable_variables]


def replica_step(inputs, labels, flush):
    with tf.GradientTape() as tape:
        each = tf.reduce_sum(tf.square(model(inputs, training=True) - labels), axis=1)
        loss = tf.nn.compute_average_loss(each, global_batch_size=32)
    for total, gradient in zip(sums, tape.gradient(loss, model.trainable_variables)):
        total.assign_add(gradient)
    if flush:
        optimizer.apply_gradients([(total / 2.0, v) for total, v in zip(sums, model.trainable_variables)])
        for total in sums:
            total.assign(tf.zeros_like(total))
    return loss


@tf.function
def train_step(inputs, labels, flush):
    losses = strategy.run(replica_step, args=(inputs, labels), kwargs={"flush": flush})
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


for epoch in range(4):
    for number, (inputs, labels) in enumerate(data):
        loss = train_step(inputs, labels, number % 2 == 1)
    print("epoch", epoch, "loss", float(loss))
