"""Greedy layer-wise training: each autoencoder learns on the codes of the one before."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(107)
data = tf.tanh(tf.random.normal((600, 3)) @ tf.random.normal((3, 16)))


def train_pair(encoder, decoder, inputs, steps=60):
    optimizer = keras.optimizers.Adam(1e-2)
    variables = encoder.trainable_variables + decoder.trainable_variables

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((decoder(encoder(x)) - x) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    for i in range(steps):
        loss = step(inputs)
        if i == 0 or i == steps - 1:
            print(encoder.name, "loss", float(loss))


codes = data
encoders = []
for level, (wide, narrow) in enumerate([(16, 8), (8, 4)]):
    encoder = keras.Sequential([keras.layers.Input((wide,)), keras.layers.Dense(narrow, activation="tanh")], name=f"encoder_{level}")
    decoder = keras.Sequential([keras.layers.Input((narrow,)), keras.layers.Dense(wide)], name=f"decoder_{level}")
    train_pair(encoder, decoder, codes)
    codes = encoder(codes)
    encoders.append(encoder)
