import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(43)
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
x = np.random.randn(128, 4).astype("float32")
y = x[:, :1] - 2 * x[:, 1:2]
optimizer = tf.keras.optimizers.Adam(0.05)

with strategy.scope():
    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, name="unit")])


def forward_backward(inputs, labels):
    with tf.GradientTape() as tape:
        per_example = tf.reduce_mean(tf.square(model(inputs) - labels), axis=1)
        loss = tf.nn.compute_average_loss(per_example, global_batch_size=32)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


@tf.function
def step(inputs, labels):
    return strategy.reduce("SUM", strategy.run(forward_backward, args=(inputs, labels)), axis=None)


batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(32))
for epoch in range(5):
    for inputs, labels in batches:
        loss = step(inputs, labels)
    print("epoch", epoch, float(loss))
