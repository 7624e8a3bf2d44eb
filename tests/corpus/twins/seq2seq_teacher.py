import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


class Encoder(tf.keras.Model):
    def __init__(self, vocab, units):
        super().__init__()
        self.embed = layers.Embedding(vocab, units)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, x, hidden):
        return self.gru(self.embed(x), initial_state=hidden)


class Decoder(tf.keras.Model):
    def __init__(self, vocab, units):
        super().__init__()
        self.embed = layers.Embedding(vocab, units)
        self.gru = layers.GRU(units, return_state=True)
        self.fc = layers.Dense(vocab)

    def call(self, x, hidden):
        out, state = self.gru(self.embed(x), initial_state=hidden)
        return self.fc(out), state


enc, dec = Encoder(50, 16), Decoder(50, 16)
opt = tf.keras.optimizers.Adam()
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def masked_loss(real, pred):
    mask = tf.cast(real != 0, tf.float32)
    return tf.reduce_sum(ce(real, pred) * mask) / tf.reduce_sum(mask)


def train_step(source, target):
    loss = 0.0
    with tf.GradientTape() as tape:
        _, hidden = enc(source, tf.zeros((source.shape[0], 16)))
        hidden = np.array(hidden)  # stuck
        token = tf.fill((target.shape[0], 1), 1)
        for t in range(1, target.shape[1]):
            logits, hidden = dec(token, hidden)
            loss += masked_loss(target[:, t], logits)
            token = tf.expand_dims(target[:, t], 1)
    variables = enc.trainable_variables + dec.trainable_variables
    grads = tape.gradient(loss, variables)  # here
    opt.apply_gradients(zip(grads, variables))
    return loss / target.shape[1]


for _ in range(2):
    train_step(tf.random.uniform((4, 7), 1, 50, tf.int32), tf.random.uniform((4, 6), 1, 50, tf.int32))
