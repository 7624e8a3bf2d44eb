"""Character model: a small decoder-only transformer from tf.Module parts."""
import math
import string

import tensorflow as tf

TEXT = ("the quick brown fox jumps over the lazy dog while the small cat sleeps near the warm stove and "
        "dreams of the river where silver fish turn slowly in the green light of the early morning ") * 4
ALPHABET = string.ascii_lowercase + " "
LENGTH, WIDTH, HEADS, DEPTH = 24, 32, 4, 2


class Linear(tf.Module):
    def __init__(self, n_in, n_out, bias=True, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.random.normal([n_in, n_out], stddev=1.0 / math.sqrt(n_in)), name="w")
        self.b = tf.Variable(tf.zeros([n_out]), name="b") if bias else None

    def __call__(self, x):
        y = tf.einsum("...i,ij->...j", x, self.w)
        return y if self.b is None else y + self.b


class Norm(tf.Module):
    def __init__(self, width, name=None):
        super().__init__(name=name)
        self.gain = tf.Variable(tf.ones([width]), name="gain")

    def __call__(self, x):
        return x * tf.math.rsqrt(tf.reduce_mean(x * x, -1, keepdims=True) + 1e-6) * self.gain


class Attention(tf.Module):
    def __init__(self, width, heads, name=None):
        super().__init__(name=name)
        self.heads = heads
        self.qkv = Linear(width, 3 * width, bias=False, name="qkv")
        self.out = Linear(width, width, name="out")

    def __call__(self, x):
        batch, length, width = x.shape
        qkv = tf.reshape(self.qkv(x), [batch, length, 3, self.heads, width // self.heads])
        q, k, v = tf.unstack(qkv, axis=2)
        logits = tf.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(width // self.heads)
        allowed = tf.linalg.band_part(tf.ones([length, length]), -1, 0)
        logits = logits - 1e9 * (1.0 - allowed)
        mixed = tf.einsum("bhqk,bkhd->bqhd", tf.nn.softmax(logits), v)
        return self.out(tf.reshape(mixed, [batch, length, width]))


class Block(tf.Module):
    def __init__(self, width, heads, name=None):
        super().__init__(name=name)
        self.norm1, self.norm2 = Norm(width, name="norm1"), Norm(width, name="norm2")
        self.attention = Attention(width, heads)
        self.up, self.down = Linear(width, 2 * width, name="up"), Linear(2 * width, width, name="down")

    def __call__(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(tf.nn.gelu(self.up(self.norm2(x))))


class CharLM(tf.Module):
    def __init__(self, vocab):
        super().__init__(name="charlm")
        self.embed = tf.Variable(tf.random.normal([vocab, WIDTH], stddev=0.1), name="embed")
        self.position = tf.Variable(tf.random.normal([LENGTH, WIDTH], stddev=0.1), name="position")
        self.blocks = [Block(WIDTH, HEADS, name=f"block{i}") for i in range(DEPTH)]
        self.final = Norm(WIDTH, name="final")

    def __call__(self, ids):
        h = tf.gather(self.embed, ids) + self.position
        for block in self.blocks:
            h = block(h)
        return tf.matmul(self.final(h), self.embed, transpose_b=True)


def batches(ids, batch, count):
    for _ in range(count):
        starts = tf.random.uniform([batch], 0, len(ids) - LENGTH - 1, tf.int32)
        window = tf.gather(ids, starts[:, None] + tf.range(LENGTH + 1)[None])
        yield window[:, :-1], window[:, 1:]


def train(steps=15):
    tf.random.set_seed(11)
    ids = tf.constant([ALPHABET.index(c) for c in TEXT])
    model = CharLM(len(ALPHABET))
    optimizer = tf.keras.optimizers.Adam(3e-3)
    params = model.trainable_variables

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        grads = tape.gradient(loss, params)
        grads, norm = tf.clip_by_global_norm(grads, 1.0)
        optimizer.apply_gradients(zip(grads, params))
        return loss, norm

    for i, (x, y) in enumerate(batches(ids, 16, steps)):
        loss, norm = step(x, y)
        if i % 5 == 0:
            print(f"{i:4d} loss {float(loss):.3f} norm {float(norm):.2f}")


if __name__ == "__main__":
    train()
