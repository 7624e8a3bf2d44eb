import tensorflow as tf

tf.keras.utils.set_random_seed(18)
encoder, decoder = tf.keras.layers.Dense(3), tf.keras.layers.Dense(6)
codebook = tf.Variable(tf.random.uniform((8, 3), -1.0, 1.0), name="codebook")
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((40, 6))


def quantize(z):
    distance = tf.reduce_sum(z**2, 1, keepdims=True) - 2 * z @ tf.transpose(codebook) + tf.reduce_sum(codebook**2, 1)
    nearest = tf.gather(codebook, tf.argmin(distance, axis=1))
    straight = z + tf.stop_gradient(nearest - z)
    commitment = tf.reduce_mean((tf.stop_gradient(nearest) - z) ** 2)
    dictionary = tf.reduce_mean((nearest - tf.stop_gradient(z)) ** 2)
    return straight, 0.25 * commitment + dictionary


for step in range(15):
    with tf.GradientTape() as tape:
        quantized, extra = quantize(encoder(x))
        loss = tf.reduce_mean((decoder(quantized) - x) ** 2) + extra
    variables = encoder.trainable_variables + decoder.trainable_variables + [codebook]
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
print(float(loss))
