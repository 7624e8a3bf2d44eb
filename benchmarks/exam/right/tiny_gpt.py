"""A small causal transformer with own attention, label smoothing and warm-up by hand."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(42)
VOCAB, D, HEADS, T = 16, 32, 4, 12


class CausalSelfAttention(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.qkv = keras.layers.Dense(3 * D, use_bias=False)
        self.proj = keras.layers.Dense(D)

    def call(self, x):
        b, t = tf.shape(x)[0], x.shape[1]
        q, k, v = tf.split(self.qkv(x), 3, axis=-1)
        heads = [tf.transpose(tf.reshape(z, (b, t, HEADS, D // HEADS)), (0, 2, 1, 3)) for z in (q, k, v)]
        scores = tf.matmul(heads[0], heads[1], transpose_b=True) / (D // HEADS) ** 0.5
        mask = tf.linalg.band_part(tf.ones((t, t)), -1, 0)
        scores = tf.where(mask > 0, scores, tf.constant(-1e9, scores.dtype))
        out = tf.matmul(tf.nn.softmax(scores), heads[2])
        return self.proj(tf.reshape(tf.transpose(out, (0, 2, 1, 3)), (b, t, D)))


class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = keras.layers.LayerNormalization(), keras.layers.LayerNormalization()
        self.attn = CausalSelfAttention()
        self.mlp = keras.Sequential([keras.layers.Dense(4 * D, activation="gelu"), keras.layers.Dense(D)])

    def call(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(keras.Model):
    def __init__(self, depth=2):
        super().__init__()
        self.tok = keras.layers.Embedding(VOCAB, D)
        self.pos = keras.layers.Embedding(T, D)
        self.blocks = [Block() for _ in range(depth)]
        self.norm = keras.layers.LayerNormalization()
        self.head = keras.layers.Dense(VOCAB, use_bias=False)

    def call(self, idx):
        x = self.tok(idx) + self.pos(tf.range(idx.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


model = GPT()
optimizer = keras.optimizers.AdamW(learning_rate=1e-4, weight_decay=0.01)


@tf.function
def train_step(batch):
    x, y = batch[:, :-1], batch[:, 1:]
    with tf.GradientTape() as tape:
        logits = model(x, training=True)
        soft = tf.one_hot(y, VOCAB) * 0.95 + 0.05 / VOCAB
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(soft, logits))
    grads, norm = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), 1.0)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss, norm


rng = np.random.default_rng(42)
for it in range(120):
    optimizer.learning_rate.assign(5e-3 * min(1.0, (it + 1) / 20))
    start = rng.integers(0, VOCAB, (32, 1))
    stride = rng.integers(1, 4, (32, 1))
    loss, norm = train_step(tf.constant((start + stride * np.arange(T + 1)) % VOCAB, tf.int32))
    if it % 40 == 0 or it == 119:
        print(f"iter {it}: loss {loss.numpy():.4f}, norm {norm.numpy():.2f}")
