"""DP-SGD: each example's gradient is clipped by itself, then noise is added to the sum."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(23)
CLIP, NOISE, BATCH = 1.0, 0.3, 64

model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(12, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.3)


@tf.function
def private_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)[:, 0]
    per_example = tape.jacobian(losses, model.trainable_variables)
    squares = [tf.reduce_sum(tf.reshape(g, (BATCH, -1)) ** 2, axis=1) for g in per_example]
    norms = tf.sqrt(tf.add_n(squares) + 1e-12)
    factors = tf.minimum(1.0, CLIP / norms)
    private = []
    for g in per_example:
        clipped = tf.reshape(factors, [BATCH] + [1] * (len(g.shape) - 1)) * g
        total = tf.reduce_sum(clipped, axis=0)
        private.append((total + tf.random.normal(tf.shape(total), stddev=NOISE * CLIP)) / BATCH)
    optimizer.apply_gradients(zip(private, model.trainable_variables))
    return tf.reduce_mean(losses)


x = tf.random.normal((1024, 6))
y = tf.cast(x[:, :1] + x[:, 1:2] > 0.2, tf.float32)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1024).batch(BATCH, drop_remainder=True)
for epoch in range(6):
    total = 0.0
    for xb, yb in data:
        total += float(private_step(xb, yb))
    print("epoch", epoch, "loss", round(total / 16, 4))
