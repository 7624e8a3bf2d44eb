import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


class Attention(layers.Layer):
    def __init__(self, dim, heads, rate=0.1, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.q, self.k, self.v = (layers.Dense(dim, name=n) for n in "qkv")
        self.out = layers.Dense(dim, name="out")
        self.drop = layers.Dropout(rate)

    def split(self, x):
        shape = tf.shape(x)
        return tf.transpose(tf.reshape(x, [shape[0], shape[1], self.heads, x.shape[-1] // self.heads]), [0, 2, 1, 3])

    def call(self, x, mask, training=False):
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(tf.cast(tf.shape(q)[-1], tf.float32))
        scores += (1.0 - mask[:, None, None, :]) * -1e9
        weights = self.drop(tf.nn.softmax(scores, axis=-1), training=training)
        h = tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3])
        return self.out(tf.reshape(h, tf.shape(x)))


class Block(layers.Layer):
    def __init__(self, dim, heads, **kwargs):
        super().__init__(**kwargs)
        self.attention = Attention(dim, heads)
        self.ffn = keras.Sequential([
            layers.Dense(2 * dim, activation="gelu", kernel_regularizer=keras.regularizers.L2(1e-3)),
            layers.Dense(dim),
        ])
        self.norm1, self.norm2 = layers.LayerNormalization(), layers.LayerNormalization()

    def call(self, x, mask, training=False):
        x = x + self.attention(self.norm1(x), mask, training=training)
        return x + self.ffn(self.norm2(x))


class Classifier(keras.Model):
    def __init__(self, vocab=50, length=12, dim=16, depth=2):
        super().__init__()
        self.token = layers.Embedding(vocab, dim)
        self.position = layers.Embedding(length, dim)
        self.blocks = [Block(dim, 2) for _ in range(depth)]
        self.norm = layers.LayerNormalization()
        self.head = layers.Dense(1)

    def call(self, tokens, training=False):
        mask = tf.cast(tokens > 0, tf.float32)
        x = self.token(tokens) + self.position(tf.range(tf.shape(tokens)[1]))[None]
        for block in self.blocks:
            x = block(x, mask, training=training)
        x = tf.reduce_sum(self.norm(x) * mask[..., None], axis=1) / tf.reduce_sum(mask, axis=1, keepdims=True)
        return self.head(x)


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, warmup):
        self.peak, self.warmup = peak, warmup

    def __call__(self, step):
        step = tf.cast(step, tf.float32) + 1.0
        return self.peak * tf.minimum(step / self.warmup, tf.sqrt(self.warmup / step))

    def get_config(self):
        return {"peak": self.peak, "warmup": self.warmup}


keras.utils.set_random_seed(11)
model = Classifier()
optimizer = keras.optimizers.Adam(Warmup(3e-3, 10.0), clipnorm=1.0)
bce = keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def train_step(tokens, labels):
    with tf.GradientTape() as tape:
        logits = model(tokens, training=True)
        loss = bce(labels[:, None], logits)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


rng = np.random.default_rng(11)
tokens = rng.integers(1, 50, (256, 12)).astype("int32")
tokens[np.arange(12)[None] >= rng.integers(4, 13, 256)[:, None]] = 0
labels = (tokens == 7).any(1).astype("float32")
for epoch in range(3):
    order = rng.permutation(256)
    for i in range(0, 256, 32):
        rows = order[i:i + 32]
        loss = train_step(tf.constant(tokens[rows]), tf.constant(labels[rows]))
    print(epoch, float(loss))
