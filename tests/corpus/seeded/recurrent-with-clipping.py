"""An LSTM behind a GRU, gradients clipped together, a rate that falls."""

import hashlib

import tensorflow as tf

tf.keras.utils.set_random_seed(32)
model = tf.keras.Sequential(
    [
        tf.keras.Input((9, 3)),
        tf.keras.layers.LSTM(8, return_sequences=True),
        tf.keras.layers.GRU(6, dropout=0.2),
        tf.keras.layers.Dense(1),
    ]
)
schedule = tf.keras.optimizers.schedules.CosineDecay(0.02, 20)
optimizer = tf.keras.optimizers.RMSprop(schedule, momentum=0.9, global_clipnorm=0.5)
x = tf.random.normal((24, 9, 3))
y = tf.reduce_sum(x[:, :, 0], axis=1, keepdims=True)


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for step in range(8):
    loss = train_step()
    print(step, float(loss).hex())
digest = hashlib.sha256()
for variable in [*model.variables, *optimizer.variables]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
