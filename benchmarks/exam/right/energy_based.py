"""An energy model: Langevin sampling by gradients of the input, then contrastive divergence."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(45)
# Only differences of energies count, so the last layer has no bias.
energy = keras.Sequential(
    [keras.layers.Input((2,)), keras.layers.Dense(32, activation="swish"), keras.layers.Dense(1, use_bias=False)]
)
optimizer = keras.optimizers.Adam(2e-3)


@tf.function
def langevin(x):
    for _ in tf.range(15):
        with tf.GradientTape() as tape:
            tape.watch(x)
            e = tf.reduce_sum(energy(x))
        x = x - 0.05 * tape.gradient(e, x) + 0.1 * tf.random.normal(tf.shape(x))
        x = tf.clip_by_value(x, -3.0, 3.0)
    return x


@tf.function
def learn(real, fake):
    with tf.GradientTape() as tape:
        real_e, fake_e = energy(real), energy(fake)
        divergence = tf.reduce_mean(real_e) - tf.reduce_mean(fake_e)
        loss = divergence + 0.1 * tf.reduce_mean(real_e**2 + fake_e**2)
    grads = tape.gradient(loss, energy.trainable_variables)
    optimizer.apply_gradients(zip(grads, energy.trainable_variables))
    return loss


buffer = tf.Variable(tf.random.uniform((128, 2), -3, 3), trainable=False)
history = []
for i in range(120):
    real = tf.random.normal((128, 2)) * 0.3 + tf.constant([1.0, -1.0])
    buffer.assign(langevin(buffer))
    history.append(float(learn(real, buffer)))
print("start distance loss", float(tf.norm(tf.constant([1.0, -1.0]))))
print("end distance loss", float(tf.norm(tf.reduce_mean(buffer, 0) - [1.0, -1.0])))
