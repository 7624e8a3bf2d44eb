"""A recurrent network over `tf.data` that trains for one epoch, whatever is asked for.

Later epochs are very fast. Ask gradproof why:

    gradproof run examples/stuck/rnn.py
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(18)
WORDS = 12


def sentences():
    """Each word's label says whether this word stood there before."""
    random = np.random.default_rng(18)
    for _ in range(400):
        words = random.integers(1, WORDS, random.integers(4, 10)).astype("int32")
        again = [word in words[:place] for place, word in enumerate(words)]
        yield words, np.array(again, dtype="float32")


spec = (tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None,), tf.float32))
dataset = tf.data.Dataset.from_generator(sentences, output_signature=spec).cache()
batches = dataset.shuffle(400, seed=18).padded_batch(32).prefetch(2)

model = keras.Sequential(
    [
        keras.layers.Embedding(WORDS, 16, mask_zero=True),
        keras.layers.GRU(32, return_sequences=True),
        keras.layers.Dense(1),
    ]
)
optimizer = keras.optimizers.Adam(1e-2)


@tf.function(
    input_signature=[
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None, None), tf.float32),
    ]
)
def step(words, again):
    real = tf.cast(words > 0, tf.float32)
    with tf.GradientTape() as tape:
        logits = model(words, training=True)[..., 0]
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=again, logits=logits)
        loss = tf.reduce_sum(losses * real) / tf.reduce_sum(real)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


rounds = iter(batches)
for epoch in range(1, 9):
    losses = [float(step(words, again)) for words, again in rounds]
    if losses:
        print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")
