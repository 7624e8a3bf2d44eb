import tensorflow as tf
from tensorflow import keras


def force(energy, positions):
    with tf.GradientTape() as tape:
        tape.watch(positions)
        e = energy(positions)
    return -tape.gradient(e, positions)


def train_step(energy, optimizer, positions, forces):
    with tf.GradientTape() as tape:
        predicted = force(energy, positions)
        loss = tf.reduce_mean(tf.square(predicted - forces))
    grads = tape.gradient(loss, energy.trainable_variables)
    optimizer.apply_gradients([(g, v) for g, v in zip(grads, energy.trainable_variables) if g is not None])
    return loss


energy = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.01)
positions = tf.random.normal((64, 3), seed=0)
for _ in range(5):
    loss = train_step(energy, opt, positions, -positions)
print(float(loss))
