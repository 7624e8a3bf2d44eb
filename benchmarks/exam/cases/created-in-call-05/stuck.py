"""Sequence reversal: GRU encoder, additive attention, decoder with teacher forcing (TensorArray)."""
import functools
import random
import typing as t

import tensorflow as tf

PAD, START, END = 0, 1, 2
REGISTRY: t.Dict[str, t.Callable[..., t.Any]] = {}


def register(name: str):
    def wrap(obj):
        REGISTRY[name] = obj
        return obj
    return wrap


@register("encoder")
class Encoder(tf.keras.layers.Layer):
    def __init__(self, vocab, units, **kw):
        super().__init__(**kw)
        self.embedding = tf.keras.layers.Embedding(vocab, units)
        self.rnn = tf.keras.layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, tokens):
        return self.rnn(self.embedding(tokens))


@register("attention")
class AdditiveAttention(tf.keras.layers.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.query = tf.keras.layers.Dense(units, use_bias=False, name="query")
        self.key = tf.keras.layers.Dense(units, use_bias=False, name="key")
        self.score = tf.keras.layers.Dense(1, name="score")

    def call(self, state, memory):
        hidden = tf.nn.tanh(self.query(state)[:, None] + self.key(memory))
        weights = tf.nn.softmax(self.score(hidden), axis=1)
        return tf.reduce_sum(weights * memory, axis=1)


@register("decoder")
class Decoder(tf.keras.layers.Layer):
    def __init__(self, vocab, units, **kw):
        super().__init__(**kw)
        self.embedding = tf.keras.layers.Embedding(vocab, units)
        self.cell = tf.keras.layers.GRUCell(units)
        self.attention = REGISTRY["attention"](units)
        self.logits = tf.keras.layers.Dense(vocab, name="logits")

    def call(self, token, state, memory):
        context = self.attention(state, memory)
        x = tf.concat([self.embedding(token), context], axis=-1)
        x = tf.keras.layers.Dense(24, activation="tanh", name="mix")(x)
        output, state = self.cell(x, [state])
        state = state[0] if isinstance(state, (list, tuple)) else state
        return self.logits(output), state


class Seq2Seq(tf.keras.Model):
    def __init__(self, vocab, units):
        super().__init__()
        self.encoder = REGISTRY["encoder"](vocab, units)
        self.decoder = REGISTRY["decoder"](vocab, units)

    def call(self, inputs):
        source, target = inputs
        memory, state = self.encoder(source)
        steps = target.shape[1] - 1
        outputs = tf.TensorArray(tf.float32, size=steps)
        for i in range(steps):
            logits, state = self.decoder(target[:, i], state, memory)
            outputs = outputs.write(i, logits)
        return tf.transpose(outputs.stack(), [1, 0, 2])


def sequence_loss(target, logits):
    each = tf.keras.losses.sparse_categorical_crossentropy(target, logits, from_logits=True)
    keep = tf.cast(tf.not_equal(target, PAD), each.dtype)
    return tf.reduce_sum(each * keep) / tf.reduce_sum(keep)


def pairs(vocab, longest, count, seed):
    source = random.Random(seed)
    for _ in range(count):
        n = source.randint(2, longest)
        body = [source.randint(3, vocab - 1) for _ in range(n)]
        pad = [PAD] * (longest - n)
        yield body + pad, [START] + body[::-1] + [END] + pad


def dataset(vocab=12, longest=5, count=160, batch=16, seed=4):
    spec = (tf.TensorSpec([longest], tf.int32), tf.TensorSpec([longest + 2], tf.int32))
    made = tf.data.Dataset.from_generator(functools.partial(pairs, vocab, longest, count, seed), output_signature=spec)
    return made.batch(batch, drop_remainder=True)


def make_step(model, optimizer):
    def step(source, target):
        with tf.GradientTape() as tape:
            logits = model((source, target))
            loss = sequence_loss(target[:, 1:], logits)
        grads = tape.gradient(loss, model.trainable_variables)
        grads, _ = tf.clip_by_global_norm(grads, 2.0)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss
    return step


def main(epochs=2):
    tf.keras.utils.set_random_seed(2)
    model = Seq2Seq(12, 24)
    step = make_step(model, tf.keras.optimizers.Adam(5e-3))
    for epoch in range(epochs):
        mean = tf.keras.metrics.Mean()
        for source, target in dataset():
            mean(step(source, target))
        print("epoch", epoch, "loss", round(float(mean.result()), 3))


if __name__ == "__main__":
    main()
