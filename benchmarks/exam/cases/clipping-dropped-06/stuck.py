import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(20)


def clip_grads(grads, max_norm):
    norm = tf.linalg.global_norm(grads)
    if norm > max_norm:
        grads = [g * (max_norm / norm) for g in grads]
    return norm


class CharRNN(keras.Model):
    def __init__(self, vocab):
        super().__init__()
        self.emb = keras.layers.Embedding(vocab, 8)
        self.rnn = keras.layers.SimpleRNN(16, return_sequences=True)
        self.out = keras.layers.Dense(vocab)

    def call(self, ids):
        return self.out(self.rnn(self.emb(ids)))


text = "gradients flow down the hill and find a valley there " * 6
chars = sorted(set(text))
ids = np.array([chars.index(c) for c in text])
windows = np.stack([ids[i:i + 13] for i in range(0, 260, 13)])
net = CharRNN(len(chars))
optimizer = keras.optimizers.SGD(0.5)


def step(batch):
    with tf.GradientTape() as tape:
        logits = net(batch[:, :-1])
        loss = 20.0 * tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(batch[:, 1:], logits, from_logits=True))
    grads = [tf.convert_to_tensor(g) for g in tape.gradient(loss, net.trainable_variables)]
    norm = clip_grads(grads, 1.0)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return float(loss), float(norm)


for i in range(8):
    loss, norm = step(windows[(i * 5) % 20:(i * 5) % 20 + 5])
    print(f"{i}: loss {loss:.3f} |g| {norm:.2f}")
