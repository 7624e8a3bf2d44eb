"""float16 computation with a scaled loss in an own loop, in tf-keras (Keras 2).

Small gradients vanish in float16, so the loss is multiplied by a scale before
the tape differentiates, and the gradients are divided by it before they are
applied. In tf-keras both are written by hand; in Keras 3 the optimizer divides
(see mixed_precision.py). Mixing the two generations divides twice or not at all.

Weights stay float32, and so does the last layer: its outputs go into a sum.
"""

import tensorflow as tf
import tf_keras as keras

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
optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(1e-2))


@tf.function
def step(features, targets):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(features, training=True) - targets))
        scaled = optimizer.get_scaled_loss(loss)
    scaled_gradients = tape.gradient(scaled, model.trainable_variables)
    gradients = optimizer.get_unscaled_gradients(scaled_gradients)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(64)
for epoch in range(1, 6):
    losses = [float(step(features, targets)) for features, targets in batches]
    scale = float(optimizer.loss_scale)
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}, scale {scale:g}")
