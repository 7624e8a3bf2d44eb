"""The same model on two replicas, with an own loop.

Each replica sees a part of the global batch, and the optimizer adds up gradients
over replicas. So each replica's loss is a sum divided by the global batch size:
a mean over its own part would make gradients as many times too large as there are
replicas. The loss that is printed is the sum of the parts, for the same reason.

Variables are made in the scope of the strategy. Two pieces of the one processor
stand in for two devices here.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(19)
BATCH = 64

processor = tf.config.list_physical_devices("CPU")[0]
half = tf.config.LogicalDeviceConfiguration()
tf.config.set_logical_device_configuration(processor, [half, half])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

with strategy.scope():
    model = keras.Sequential(
        [
            keras.layers.Input((6,)),
            keras.layers.Dense(24, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-2)
    optimizer.build(model.trainable_variables)


def replica_step(x, y):
    with tf.GradientTape() as tape:
        errors = tf.square(model(x, training=True) - y)[:, 0]
        loss = tf.nn.compute_average_loss(errors, global_batch_size=BATCH)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function
def step(x, y):
    losses = strategy.run(replica_step, args=(x, y))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)


x = tf.random.normal((1024, 6))
y = tf.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1024, seed=19)
batches = batches.batch(BATCH, drop_remainder=True)
for epoch in range(1, 7):
    losses = [float(step(*batch)) for batch in strategy.experimental_distribute_dataset(batches)]
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")
