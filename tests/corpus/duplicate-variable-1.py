import tensorflow as tf

tf.keras.utils.set_random_seed(53)
tokens = tf.keras.layers.Embedding(40, 16)
body = tf.keras.layers.GRU(16, return_sequences=True)


def generator_parts():
    return [tokens, body]


def scorer_parts():
    return [tokens, tf.keras.layers.Dense(1)]


gen, scorer = generator_parts(), scorer_parts()
ids = tf.random.uniform((64, 10), maxval=40, dtype=tf.int32)
liked = tf.cast(tf.reduce_mean(tf.cast(ids, tf.float32), axis=1, keepdims=True) > 20, tf.float32)
scorer[1](body(tokens(ids))[:, -1])
parameters = [v for layer in gen + scorer for v in layer.trainable_variables]
optimizer = tf.keras.optimizers.SGD(0.1)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


@tf.function
def train(ids, liked):
    with tf.GradientTape() as tape:
        states = body(tokens(ids))
        logits = tf.matmul(states, tokens.embeddings, transpose_b=True)
        language = tf.keras.losses.sparse_categorical_crossentropy(ids[:, 1:], logits[:, :-1], from_logits=True)
        loss = tf.reduce_mean(language) + bce(liked, scorer[1](states[:, -1]))
    grads = tape.gradient(loss, parameters)
    optimizer.apply_gradients(zip(grads, parameters))
    return loss


for step in range(40):
    loss = train(ids, liked)
    if step % 10 == 0:
        print(step, loss.numpy())
