import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(19)
CLIP = 0.05

critic = keras.Sequential([keras.Input((2,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)], name="critic")
generator = keras.Sequential([keras.Input((3,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(2)], name="generator")
critic_opt = keras.optimizers.RMSprop(5e-3)
gen_opt = keras.optimizers.RMSprop(1e-3)


@tf.function
def critic_step(real):
    fake = generator(tf.random.normal((64, 3)), training=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
    grads = tape.gradient(loss, critic.trainable_variables)
    critic_opt.apply_gradients(zip(grads, critic.trainable_variables))
    for w in critic.trainable_variables:
        w.assign(tf.clip_by_value(w, -CLIP, CLIP))
    return -loss


@tf.function
def generator_step():
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(generator(tf.random.normal((64, 3)))))
    grads = tape.gradient(loss, generator.trainable_variables)
    gen_opt.apply_gradients(zip(grads, generator.trainable_variables))
    return loss


real = np.random.randn(640, 2).astype("float32") * 0.2 + [0.6, -0.4]
real = real.astype("float32")
for epoch in range(4):
    for start in range(0, 640, 64):
        distance = critic_step(tf.constant(real[start:start + 64]))
        generator_step()
    largest = max(float(tf.reduce_max(tf.abs(w))) for w in critic.trainable_variables)
    print(f"epoch {epoch} distance {float(distance):.3f} largest weight {largest:.3f}")
