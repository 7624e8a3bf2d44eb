import tensorflow as tf

from tensorflow.keras.layers import LSTM, Dense, Embedding

VOCAB = 64


class CharRNN(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.emb = Embedding(VOCAB, 32)
        self.rnn = LSTM(64, return_sequences=True)
        self.out = Dense(VOCAB)

    def call(self, ids, training=False):
        return self.out(self.rnn(self.emb(ids), training=training))


def clip_gradients(grads, limit):
    return [tf.clip_by_norm(g, limit) if g is not None else None for g in grads]


model = CharRNN()
opt = tf.keras.optimizers.RMSprop(1e-3)
lossf = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = lossf(y, model(x, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    clip_gradients(grads, 1.0)  # stuck
    grads = clip_gradients(grads, 1.0)  # mended
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss


text = tf.random.uniform((16, 33), 0, VOCAB, tf.int32)
for _ in range(4):
    print(step(text[:, :-1], text[:, 1:]))
