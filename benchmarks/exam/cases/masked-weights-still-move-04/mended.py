import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(22)
VOCAB, DIM, KNOWN = 30, 6, 20


class BagOfWords(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = keras.layers.Embedding(VOCAB, DIM, name="table")
        self.out = keras.layers.Dense(2)

    def call(self, ids):
        return self.out(tf.reduce_mean(self.table(ids), axis=1))


def load_glove(model):
    table = model.table.get_weights()[0]
    table[:KNOWN] = np.random.default_rng(1).normal(size=(KNOWN, DIM))
    model.table.set_weights([table])


known = np.random.default_rng(1).normal(size=(KNOWN, DIM))
freeze = tf.constant((np.arange(VOCAB) >= KNOWN).astype("float32")[:, None])
model = BagOfWords()
model(np.zeros((1, 4), "int32"))
load_glove(model)
optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
rng = np.random.default_rng(2)
for step in range(12):
    ids = rng.integers(0, VOCAB, (32, 4))
    labels = (ids.mean(1) > VOCAB / 2).astype("int32")
    with tf.GradientTape() as tape:
        loss = loss_fn(labels, model(ids))
    grads = tape.gradient(loss, model.trainable_variables)
    grads[0] = tf.convert_to_tensor(grads[0]) * freeze
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    table = model.table.get_weights()[0]
    table[:KNOWN] = known
    model.table.set_weights([table])
    if step % 4 == 0:
        print(step, float(loss), model.table.get_weights()[0][:KNOWN].std())
