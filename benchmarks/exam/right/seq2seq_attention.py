"""An encoder and a decoder with additive attention, as in the translation tutorial."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(41)
VOCAB, UNITS, LENGTH, BATCH = 12, 24, 6, 32


class Encoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCAB, 12)
        self.gru = keras.layers.GRU(UNITS, return_sequences=True, return_state=True)

    def call(self, x):
        return self.gru(self.embedding(x))


class BahdanauAttention(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.W1 = keras.layers.Dense(units)
        self.W2 = keras.layers.Dense(units)
        self.V = keras.layers.Dense(1, use_bias=False)

    def call(self, query, values):
        score = self.V(tf.nn.tanh(self.W1(tf.expand_dims(query, 1)) + self.W2(values)))
        weights = tf.nn.softmax(score, axis=1)
        return tf.reduce_sum(weights * values, axis=1), weights


class Decoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCAB, 12)
        self.gru = keras.layers.GRU(UNITS, return_sequences=True, return_state=True)
        self.fc = keras.layers.Dense(VOCAB)
        self.attention = BahdanauAttention(UNITS)

    def call(self, x, hidden, enc_output):
        context, weights = self.attention(hidden, enc_output)
        x = tf.concat([tf.expand_dims(context, 1), self.embedding(x)], axis=-1)
        output, state = self.gru(x)
        return self.fc(tf.reshape(output, (-1, UNITS))), state, weights


encoder, decoder = Encoder(), Decoder()
optimizer = keras.optimizers.Adam(1e-2)
loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")


def loss_function(real, pred):
    mask = tf.cast(tf.math.not_equal(real, 0), pred.dtype)
    return tf.reduce_mean(loss_object(real, pred) * mask)


@tf.function
def train_step(inp, targ):
    loss = 0.0
    with tf.GradientTape() as tape:
        enc_output, dec_hidden = encoder(inp)
        dec_input = tf.ones((BATCH, 1), tf.int32)
        for t in range(LENGTH):
            predictions, dec_hidden, _ = decoder(dec_input, dec_hidden, enc_output)
            loss += loss_function(targ[:, t], predictions)
            dec_input = tf.expand_dims(targ[:, t], 1)
    batch_loss = loss / LENGTH
    variables = encoder.trainable_variables + decoder.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return batch_loss


for i in range(120):
    source = tf.random.uniform((BATCH, LENGTH), 2, VOCAB, dtype=tf.int32)
    loss = train_step(source, tf.reverse(source, axis=[1]))
    if i % 40 == 0 or i == 119:
        print(f"Batch {i} Loss {float(loss):.4f}".lower())
