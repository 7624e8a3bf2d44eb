import tensorflow as tf

tf.keras.utils.set_random_seed(132)


class SentenceClassifier(tf.keras.Model):
    def __init__(self, vocabulary, classes):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(vocabulary, 8)
        self.pool = tf.keras.layers.GlobalAveragePooling1D()
        self.head = tf.keras.layers.Dense(classes)

    def call(self, tokens):
        return tf.nn.softmax(self.head(self.pool(self.embedding(tokens))))


model = SentenceClassifier(30, 5)
optimizer = tf.keras.optimizers.Adam(0.02)
tokens = tf.random.uniform((80, 6), maxval=30, dtype=tf.int32)
labels = tokens[:, 0] % 5


@tf.function
def train_step(tokens, labels):
    with tf.GradientTape() as tape:
        scores = model(tokens, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(10):
    loss = train_step(tokens, labels)
print(float(loss))
