"""A learning rate that is to warm up, and stays where it began.

Python sets it before each step. Ask gradproof what the traced step sees:

    gradproof run examples/stuck/warmup.py
"""

import math

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(6)
LENGTH, WORDS, STEPS = 12, 20, 160


class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear from zero to `peak`, then half a cosine down to a tenth of it."""

    def __init__(self, peak, warmup, total):
        self.peak = peak
        self.warmup = warmup
        self.total = total

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        rising = step / self.warmup
        share = tf.clip_by_value((step - self.warmup) / (self.total - self.warmup), 0.0, 1.0)
        falling = 0.1 + 0.45 * (1.0 + tf.cos(math.pi * share))
        return self.peak * tf.where(step < self.warmup, rising, falling)

    def get_config(self):
        return {"peak": self.peak, "warmup": self.warmup, "total": self.total}


def attention_classifier():
    """Reads words, lets them look at each other once, and answers yes or no."""
    words = keras.layers.Input((LENGTH,), dtype="int32")
    hidden = keras.layers.Embedding(WORDS, 16)(words)
    seen = keras.layers.MultiHeadAttention(num_heads=2, key_dim=8)(hidden, hidden)
    hidden = keras.layers.LayerNormalization()(hidden + seen)
    return keras.Model(words, keras.layers.Dense(1)(keras.layers.GlobalMaxPooling1D()(hidden)))


model = attention_classifier()
schedule = WarmupCosine(peak=2e-2, warmup=30, total=STEPS)
optimizer = keras.optimizers.SGD(1.0)
optimizer.build(model.trainable_variables)
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


rate = 0.001


@tf.function
def step(sentences, answers):
    with tf.GradientTape() as tape:
        loss = cross_entropy(answers, model(sentences, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients = [rate * tf.convert_to_tensor(gradient) for gradient in gradients]
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


sentences = tf.random.uniform((512, LENGTH), 0, WORDS, dtype=tf.int32)
has_seven = tf.reduce_any(tf.equal(sentences, 7), axis=1, keepdims=True)
answers = tf.cast(has_seven, tf.float32)
batches = tf.data.Dataset.from_tensor_slices((sentences, answers)).shuffle(512, seed=6)
for number, batch in enumerate(batches.repeat().batch(64).take(STEPS)):
    rate = 10.0 * float(schedule(number + 1))
    loss = step(*batch)
    if number % 40 == 0 or number == STEPS - 1:
        print(f"step {number}: loss {float(loss):.4f}, rate {float(schedule(number)):.5f}")
