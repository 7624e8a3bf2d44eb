import tensorflow as tf
from tensorflow.keras import layers


def projector():
    return tf.keras.Sequential([tf.keras.Input((16,)), layers.Dense(32, "relu"), layers.Dense(8)])


online = projector()
target = online  # stuck
target = projector()  # mended
target.set_weights(online.get_weights())  # mended
predictor = layers.Dense(8)
predictor.build((None, 8))
opt = tf.keras.optimizers.Adam(1e-3)


def regression_loss(p, z):
    p, z = tf.math.l2_normalize(p, 1), tf.math.l2_normalize(z, 1)
    return 2 - 2 * tf.reduce_mean(tf.reduce_sum(p * z, 1))


def ema(decay=0.99):
    for w_o, w_t in zip(online.weights, target.weights):
        w_t.assign(decay * w_t + (1 - decay) * w_o)


@tf.function
def step(a, b):
    with tf.GradientTape() as tape:
        loss = regression_loss(predictor(online(a)), tf.stop_gradient(target(b)))
    variables = online.trainable_variables + predictor.trainable_variables
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
    ema()
    return loss


for _ in range(3):
    step(tf.random.normal((8, 16)), tf.random.normal((8, 16)))
