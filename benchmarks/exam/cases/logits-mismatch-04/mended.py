"""A hand-written GRU over letters; the state lives in the cell between chunks; dataset loop inside tf.function."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(6)
TEXT = "the quick brown fox jumps over the lazy dog and runs into the deep dark forest " * 12
VOCAB = sorted(set(TEXT))
IDS = np.array([VOCAB.index(c) for c in TEXT], "int64")
BATCH, CHUNK, UNITS = 4, 12, 32


def weight(*shape, name):
    return tf.Variable(tf.random.normal(shape, stddev=1.0 / np.sqrt(shape[0])), name=name)


class Cell(tf.Module):
    def __init__(self, size, units):
        super().__init__()
        self.embed = weight(size, 12, name="embed")
        self.gates = weight(12 + units, 2 * units, name="gates")
        self.cand = weight(12 + units, units, name="cand")
        self.head = weight(units, size, name="head")
        self.state = tf.Variable(tf.zeros((BATCH, units)), trainable=False, name="state")

    def advance(self, h, ids):
        e = tf.gather(self.embed, ids)
        z, r = tf.split(tf.sigmoid(tf.concat([e, h], 1) @ self.gates), 2, axis=1)
        n = tf.tanh(tf.concat([e, r * h], 1) @ self.cand)
        return z * h + (1.0 - z) * n

    def unroll(self, ids):
        h = tf.convert_to_tensor(self.state)
        rows = []
        for t in range(CHUNK):
            h = self.advance(h, ids[:, t])
            rows.append(h @ self.head)
        self.state.assign(h)
        return tf.stack(rows, 1)


cell = Cell(len(VOCAB), UNITS)
optimizer = tf.keras.optimizers.RMSprop(3e-3)


@tf.function
def epoch(data):
    total = 0.0
    for inputs, targets in data:
        with tf.GradientTape() as tape:
            logits = cell.unroll(inputs)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
        grads = tape.gradient(loss, cell.trainable_variables)
        grads, _ = tf.clip_by_global_norm(grads, 1.0)
        optimizer.apply_gradients(zip(grads, cell.trainable_variables))
        total += loss
    return total


usable = (len(IDS) - 1) // (BATCH * CHUNK) * CHUNK
inputs = IDS[: BATCH * usable].reshape(BATCH, usable)
targets = IDS[1 : BATCH * usable + 1].reshape(BATCH, usable)
chunks = [(inputs[:, i : i + CHUNK], targets[:, i : i + CHUNK]) for i in range(0, usable, CHUNK)]
data = tf.data.Dataset.from_tensor_slices(([c[0] for c in chunks], [c[1] for c in chunks]))
for e in range(4):
    cell.state.assign(tf.zeros_like(cell.state))
    print("epoch", e, float(epoch(data)) / len(chunks))
