import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(93)
VOCAB, KNOWN = 40, 30
docs = np.random.randint(0, VOCAB, (200, 8))
label = (docs.mean(1) > 20).astype("float32")[:, None]
ds = tf.data.Dataset.from_tensor_slices({"ids": docs, "y": label}).shuffle(200, seed=1).batch(20)

emb = keras.layers.Embedding(VOCAB, 6, name="embedding")
model = keras.Sequential([keras.layers.Input((8,)), emb, keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)])
opt = keras.optimizers.AdamW(1e-2, weight_decay=0.05)
new_rows = tf.cast(tf.range(VOCAB) >= KNOWN, tf.float32)[:, None]
pretrained = tf.constant(emb.get_weights()[0])


@tf.function
def step(batch):
    with tf.GradientTape() as tape:
        logits = model(batch["ids"], training=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=batch["y"], logits=logits))
    grads = tape.gradient(loss, model.trainable_variables)
    grads[0] = tf.convert_to_tensor(grads[0]) * new_rows
    opt.apply_gradients(zip(grads, model.trainable_variables))
    table = emb.embeddings
    table.assign(table * new_rows + pretrained * (1.0 - new_rows))
    return loss


for epoch in range(3):
    for batch in ds:
        loss = step(batch)
    print(epoch, float(loss), float(tf.reduce_max(tf.abs(emb.embeddings[:KNOWN] - pretrained[:KNOWN]))))
