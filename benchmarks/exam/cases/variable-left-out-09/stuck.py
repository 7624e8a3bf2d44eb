import numpy as np
import tensorflow as tf
from tensorflow import keras

PAD, START, VOCAB, LENGTH = 0, 1, 20, 7


class Encoder(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCAB, 16)
        self.gru = keras.layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, tokens):
        return self.gru(self.embedding(tokens))


class Decoder(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCAB, 16)
        self.cell = keras.layers.GRUCell(units)
        self.query = keras.layers.Dense(units, use_bias=False)
        self.out = keras.layers.Dense(VOCAB)

    def call(self, token, state, memory):
        scores = tf.einsum("bu,btu->bt", self.query(state), memory)
        context = tf.einsum("bt,btu->bu", tf.nn.softmax(scores), memory)
        x = tf.concat([self.embedding(token), context], axis=-1)
        h, _ = self.cell(x, [state])
        return self.out(h), h


keras.utils.set_random_seed(5)
encoder, decoder = Encoder(24), Decoder(24)
optimizer = keras.optimizers.Adam(5e-3)
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def masked_loss(target, logits):
    mask = tf.cast(tf.not_equal(target, PAD), tf.float32)
    each = criterion(target, logits)
    return tf.reduce_sum(each * mask) / tf.maximum(tf.reduce_sum(mask), 1.0)


@tf.function
def train_step(source, target):
    with tf.GradientTape() as tape:
        memory, state = encoder(source)
        token = tf.fill([tf.shape(source)[0]], START)
        loss = 0.0
        for t in range(LENGTH):
            logits, state = decoder(token, state, memory)
            loss += masked_loss(target[:, t], logits)
            token = target[:, t]
        loss /= LENGTH
    variables = decoder.trainable_variables
    gradients = tape.gradient(loss, variables)
    gradients = [tf.clip_by_norm(g, 2.0) for g in gradients]
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


def batches(n, seed):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        source = rng.integers(2, VOCAB, (16, LENGTH)).astype("int32")
        for row in source:
            row[rng.integers(3, LENGTH + 1):] = PAD
        yield tf.constant(source), tf.constant(np.where(source > 0, np.roll(source, 1, axis=1) * (source > 0), 0))


for epoch in range(2):
    for source, target in batches(12, epoch):
        loss = train_step(source, target)
    print(epoch, float(loss))
