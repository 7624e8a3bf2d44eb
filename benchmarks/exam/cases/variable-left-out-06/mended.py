"""Linear-chain CRF on top of a bidirectional GRU."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

VOCAB, TAGS, LENGTH = 30, 4, 10
keras.utils.set_random_seed(21)


class Encoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(VOCAB, 12)
        self.gru = layers.Bidirectional(layers.GRU(8, return_sequences=True))
        self.emit = layers.Dense(TAGS)

    def call(self, tokens):
        return self.emit(self.gru(self.embed(tokens)))


class CRF:
    """Scores paths; the transition table is learned with the encoder."""

    def __init__(self, tags):
        self.transitions = tf.Variable(tf.random.normal([tags, tags], stddev=0.1, seed=1), name="transitions")

    def path_score(self, emissions, tags):
        unary = tf.reduce_sum(tf.gather(emissions, tags, batch_dims=2), axis=1)
        pairs = tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1)
        return unary + tf.reduce_sum(tf.gather_nd(self.transitions, pairs), axis=1)

    def log_norm(self, emissions):
        alpha = emissions[:, 0]
        for t in range(1, LENGTH):
            alpha = tf.reduce_logsumexp(alpha[:, :, None] + self.transitions[None], axis=1) + emissions[:, t]
        return tf.reduce_logsumexp(alpha, axis=1)

    def loss(self, emissions, tags):
        return tf.reduce_mean(self.log_norm(emissions) - self.path_score(emissions, tags))


def corpus(n, rng):
    tags = np.zeros((n, LENGTH), "int32")
    for t in range(1, LENGTH):
        tags[:, t] = (tags[:, t - 1] + rng.choice([0, 1], n, p=[0.3, 0.7])) % TAGS
    tokens = (tags * 7 + rng.integers(0, 9, tags.shape)) % VOCAB
    return tokens.astype("int32"), tags


class Tagger:
    def __init__(self, lr):
        self.encoder, self.crf = Encoder(), CRF(TAGS)
        self.optimizer = keras.optimizers.Adam(lr)

    def variables(self):
        return self.encoder.trainable_variables + [self.crf.transitions]

    def step(self, tokens, tags):
        with tf.GradientTape() as tape:
            loss = self.crf.loss(self.encoder(tokens), tags)
        grads = tape.gradient(loss, self.variables())
        grads, _ = tf.clip_by_global_norm(grads, 5.0)
        self.optimizer.apply_gradients(zip(grads, self.variables()))
        return float(loss)


rng = np.random.default_rng(21)
tokens, tags = corpus(128, rng)
tagger = Tagger(0.02)
for epoch in range(4):
    order = rng.permutation(128)
    losses = [tagger.step(tf.constant(tokens[order[k:k + 32]]), tf.constant(tags[order[k:k + 32]])) for k in range(0, 128, 32)]
    guess = tf.argmax(tagger.encoder(tf.constant(tokens)), -1).numpy()
    print(epoch, round(float(np.mean(losses)), 4), "unary accuracy", round(float((guess == tags).mean()), 3))
