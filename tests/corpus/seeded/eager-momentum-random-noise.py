import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(302)
model = tf.keras.Sequential([
    tf.keras.layers.GaussianNoise(0.1),
    tf.keras.layers.Dense(12, activation="gelu"),
    tf.keras.layers.Dropout(0.3),
    tf.keras.layers.Dense(2),
])
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
x = tf.random.normal((40, 5))
for step in range(12):
    noise = tf.random.normal(x.shape, stddev=0.05)
    keep = tf.random.uniform((40, 2)) > 0.2
    with tf.GradientTape() as tape:
        error = tf.square(model(x + noise, training=True) - x[:, :2])
        loss = tf.reduce_mean(tf.where(keep, error, 0.0))
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, norm = tf.clip_by_global_norm(gradients, 0.5)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    print(step, float(loss).hex(), float(norm).hex(), float(tf.random.uniform(())).hex())
kept = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
digest = hashlib.sha256()
for variable in [*model.variables, *kept]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
