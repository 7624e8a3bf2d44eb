"""BYOL: an online network predicts a slowly moving copy of itself; no negatives."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(29)
TAU = 0.98


def encoder():
    return keras.Sequential(
        [
            keras.layers.Input((12,)),
            keras.layers.Dense(32),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dense(8),
        ]
    )


online, target = encoder(), encoder()
predictor = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(8)])
target.set_weights(online.get_weights())
optimizer = keras.optimizers.Adam(2e-3)


def normalize(v):
    return v / tf.sqrt(tf.reduce_sum(v * v, axis=-1, keepdims=True) + 1e-10)


def regression_loss(a, b):
    return 2 - 2 * tf.reduce_mean(tf.reduce_sum(normalize(a) * normalize(b), axis=-1))


@tf.function
def step(x):
    v1 = x + 0.1 * tf.random.normal(tf.shape(x))
    v2 = x * tf.random.uniform((tf.shape(x)[0], 1), 0.8, 1.2)
    t1, t2 = target(v1, training=True), target(v2, training=True)
    trainable = online.trainable_variables + predictor.trainable_variables
    with tf.GradientTape() as tape:
        p1 = predictor(online(v1, training=True), training=True)
        p2 = predictor(online(v2, training=True), training=True)
        loss = regression_loss(p1, tf.stop_gradient(t2)) + regression_loss(p2, tf.stop_gradient(t1))
    optimizer.apply_gradients(zip(tape.gradient(loss, trainable), trainable))
    for t, o in zip(target.trainable_variables, online.trainable_variables):
        t.assign(TAU * t + (1 - TAU) * o)
    return loss


centers = tf.random.normal((5, 12)) * 2
for i in range(120):
    kind = tf.random.uniform((64,), 0, 5, dtype=tf.int32)
    l = step(tf.gather(centers, kind) + tf.random.normal((64, 12)))
    if i in (0, 40, 80, 119):
        print(f"loss {float(l):.4f}")
