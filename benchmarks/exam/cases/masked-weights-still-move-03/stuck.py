import numpy as np
import tensorflow as tf

FROZEN, VOCAB, DIM = 10, 30, 8


class Bag(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.table = tf.keras.layers.Embedding(VOCAB, DIM, name="table")
        self.mid = tf.keras.layers.Dense(16, activation="tanh", name="mid")
        self.out = tf.keras.layers.Dense(2, name="out")

    def call(self, ids):
        return self.out(self.mid(tf.reduce_mean(self.table(ids), axis=1)))


tf.keras.utils.set_random_seed(23)
rng = np.random.default_rng(23)
ids = rng.integers(0, VOCAB, (512, 6)).astype("int32")
label = (np.sum(ids > 14, 1) > 3).astype("int32")
model = Bag()
model(ids[:1])
optimizer = tf.keras.optimizers.AdamW(0.01, weight_decay=0.05)
keep = tf.cast(tf.range(VOCAB) >= FROZEN, tf.float32)[:, None]
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
pretrained = tf.convert_to_tensor(model.table.embeddings)


@tf.function
def train_step(a, b):
    with tf.GradientTape() as tape:
        loss = loss_fn(b, model(a))
    variables = model.trainable_variables
    grads = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
    grads[0] = grads[0] * keep
    optimizer.apply_gradients(zip(grads, variables))
    return loss


for epoch in range(4):
    losses = [float(train_step(ids[i:i + 32], label[i:i + 32])) for i in range(0, 512, 32)]
    drift = np.abs(np.asarray(model.table.embeddings)[:FROZEN] - np.asarray(pretrained)[:FROZEN]).max()
    print(f"epoch {epoch} loss {np.mean(losses):.4f} drift {drift:.4f}")
