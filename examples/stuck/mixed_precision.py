"""float16 computation in an own loop, in Keras 3; small gradients get lost.

The optimizer that scales losses is there. Ask gradproof what it does to gradients:

    gradproof run examples/stuck/mixed_precision.py
"""

import keras
import tensorflow as tf

keras.utils.set_random_seed(5)
keras.mixed_precision.set_global_policy("mixed_float16")

x = tf.random.normal((512, 16))
y = tf.reduce_sum(x[:, :4], axis=1, keepdims=True)
model = keras.Sequential(
    [
        keras.layers.Input((16,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1, dtype="float32"),
    ]
)
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-2))
optimizer.build(model.trainable_variables)


@tf.function
def step(features, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(features, training=True) - targets))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(64)
for epoch in range(5):
    losses = [float(step(features, targets)) for features, targets in batches]
    print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}")
