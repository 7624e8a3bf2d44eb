"""Half precision inside XLA, optimizer and all."""

import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(31)
tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
model = tf.keras.Sequential(
    [
        tf.keras.Input((6,)),
        tf.keras.layers.Dense(12, activation="gelu"),
        tf.keras.layers.LayerNormalization(),
        tf.keras.layers.Dense(1, dtype="float32"),
    ]
)
optimizer = tf.keras.optimizers.Adam(0.01)
optimizer.build(model.trainable_variables)
x = tf.random.normal((32, 6))
y = tf.reduce_sum(x**2, axis=1, keepdims=True)


@tf.function(jit_compile=True)
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step in range(10):
    loss = train_step(x, y)
    print(step, float(loss).hex())
digest = hashlib.sha256()
for variable in [*model.variables, *optimizer.variables]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
