import tensorflow as tf

tf.keras.utils.set_random_seed(105)
encoder = tf.keras.Sequential([tf.keras.Input((12,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3)])
decoder = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(12)])
opt = tf.keras.optimizers.Adam(0.005)
data = tf.random.normal((200, 3)) @ tf.random.normal((3, 12))


@tf.function
def reconstruct_step(batch):
    with tf.GradientTape() as tape:
        code = encoder(batch, training=True)
        error = tf.reduce_mean(tf.math.squared_difference(decoder(code, training=True), batch))
    grads = tape.gradient(error, decoder.trainable_variables)
    opt.apply_gradients(zip(grads, decoder.trainable_variables))
    return error


for epoch in range(5):
    for batch in tf.data.Dataset.from_tensor_slices(data).batch(50):
        error = reconstruct_step(batch)
    print(f"epoch {epoch + 1}: {error:.4f}")
