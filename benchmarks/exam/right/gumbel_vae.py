"""A VAE with categorical codes: Gumbel-softmax, whose temperature is cooled in a variable."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(36)
N, K = 4, 5
encoder = keras.Sequential([keras.layers.Input((20,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(N * K)])
decoder = keras.Sequential([keras.layers.Input((N * K,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(20)])
tau = tf.Variable(1.0, trainable=False)
opt = keras.optimizers.Adam(3e-3)
params = encoder.trainable_variables + decoder.trainable_variables


def gumbel(shape):
    u = tf.random.uniform(shape, 1e-6, 1.0 - 1e-6)
    return -tf.math.log(-tf.math.log(u))


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        logits = tf.reshape(encoder(x, training=True), (-1, N, K))
        y = tf.nn.softmax((logits + gumbel(tf.shape(logits))) / tau)
        rec = decoder(tf.reshape(y, (-1, N * K)), training=True)
        bce = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=rec), axis=1)
        q = tf.nn.softmax(logits)
        kl = tf.reduce_sum(q * (tf.nn.log_softmax(logits) + tf.math.log(float(K))), axis=[1, 2])
        loss = tf.reduce_mean(bce + 0.1 * kl)
    opt.apply_gradients(zip(tape.gradient(loss, params), params))
    return loss


patterns = tf.cast(tf.random.uniform((8, 20)) > 0.5, tf.float32)
data = tf.gather(patterns, tf.random.uniform((512,), 0, 8, dtype=tf.int32))
for epoch in range(12):
    tau.assign(max(0.4, 0.9**epoch))
    for i in range(0, 512, 64):
        loss = step(data[i : i + 64])
    if epoch % 4 == 3 or epoch == 0:
        print("epoch", epoch, "loss", float(loss), "tau", float(tau))
