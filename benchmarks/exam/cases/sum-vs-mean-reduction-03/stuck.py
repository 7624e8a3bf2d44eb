import numpy as np
import tensorflow as tf

layers = tf.keras.layers
PAD, TAGS, WORDS = 0, 5, 40


class Tagger(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(WORDS, 16)
        self.rnn = layers.Bidirectional(layers.GRU(16, return_sequences=True))
        self.drop = layers.Dropout(0.2)
        self.out = layers.Dense(TAGS)

    def call(self, ids, training=False):
        h = self.rnn(self.embed(ids))
        return self.out(self.drop(h, training=training))


def sentences(n, rng):
    ids = np.zeros((n, 14), "int32")
    tags = np.zeros((n, 14), "int32")
    for row in range(n):
        length = rng.integers(4, 14)
        words = rng.integers(1, WORDS, length)
        ids[row, :length] = words
        tags[row, :length] = words % TAGS
    return ids, tags


def masked_loss(tags, logits, ids):
    raw = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=logits)
    mask = tf.cast(tf.not_equal(ids, PAD), raw.dtype)
    return tf.reduce_sum(raw * mask)


tf.keras.utils.set_random_seed(12)
rng = np.random.default_rng(12)
ids, tags = sentences(320, rng)
tagger = Tagger()
optimizer = tf.keras.optimizers.SGD(0.5)


@tf.function
def step(batch_ids, batch_tags):
    with tf.GradientTape() as tape:
        logits = tagger(batch_ids, training=True)
        loss = masked_loss(batch_tags, logits, batch_ids)
    grads = tape.gradient(loss, tagger.trainable_variables)
    optimizer.apply_gradients(zip(grads, tagger.trainable_variables))
    return loss


def score():
    guess = np.argmax(tagger(ids[:64]).numpy(), -1)
    real = ids[:64] != PAD
    return (guess == tags[:64])[real].mean()


for epoch in range(6):
    order = rng.permutation(len(ids))
    losses = [float(step(ids[order[i:i + 32]], tags[order[i:i + 32]])) for i in range(0, 320, 32)]
    print(f"epoch {epoch} loss {np.mean(losses):.3f} accuracy {score():.3f}")
