import tensorflow as tf

tf.keras.utils.set_random_seed(139)
discriminator = tf.keras.Sequential([
    tf.keras.Input((6,)),
    tf.keras.layers.Dense(16),
    tf.keras.layers.LeakyReLU(),
    tf.keras.layers.Dense(1),
])
bce = tf.keras.losses.BinaryCrossentropy()
optimizer = tf.keras.optimizers.Adam(0.01)
real = tf.random.normal((64, 6)) + 0.5
fake = tf.random.normal((64, 6)) - 0.5


@tf.function
def discriminate(real, fake):
    with tf.GradientTape() as tape:
        on_real, on_fake = discriminator(real, training=True), discriminator(fake, training=True)
        loss = bce(tf.ones_like(on_real), on_real) + bce(tf.zeros_like(on_fake), on_fake)
    grads = tape.gradient(loss, discriminator.trainable_variables)
    optimizer.apply_gradients(zip(grads, discriminator.trainable_variables))
    return loss


for step in range(30):
    loss = discriminate(real, fake)
    if step % 10 == 0:
        print(step, float(loss))
