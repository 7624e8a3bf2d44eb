import tensorflow as tf
from tensorflow.keras import layers, Model, Input

LATENT = 4


def encoder():
    x = inp = Input((20,))
    x = layers.Dense(32, activation="relu")(x)
    return Model(inp, [layers.Dense(LATENT)(x), layers.Dense(LATENT)(x)])


def decoder():
    inp = Input((LATENT,))
    x = layers.Dense(32, activation="relu")(inp)
    return Model(inp, layers.Dense(20)(x))


def make_train_step(enc, dec, optimizer, schedule):
    @tf.function
    def train_step(x):
        with tf.GradientTape() as tape:
            mean, logvar = enc(x, training=True)
            z = mean + tf.exp(0.5 * logvar) * tf.random.normal(tf.shape(mean))
            recon = tf.reduce_mean(tf.reduce_sum(tf.square(dec(z, training=True) - x), axis=-1))
            kl = -0.5 * tf.reduce_mean(tf.reduce_sum(1 + logvar - mean**2 - tf.exp(logvar), axis=-1))
            loss = recon + schedule["beta"] * kl  # here
        weights = enc.trainable_weights + dec.trainable_weights
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return recon, kl

    return train_step


def main():
    schedule = {"beta": 0.0, "warmup": 5}  # stuck
    schedule = {"beta": tf.Variable(0.0, trainable=False), "warmup": 5}  # mended
    step = make_train_step(encoder(), decoder(), tf.keras.optimizers.Adam(1e-3), schedule)
    data = tf.random.normal((128, 20))
    for epoch in range(10):
        for batch in tf.data.Dataset.from_tensor_slices(data).batch(32):
            recon, kl = step(batch)
        schedule["beta"] = min(1.0, (epoch + 1) / schedule["warmup"])  # stuck
        schedule["beta"].assign(min(1.0, (epoch + 1) / schedule["warmup"]))  # mended
        print(epoch, float(recon), float(kl))


main()
