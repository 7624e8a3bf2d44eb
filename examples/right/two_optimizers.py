"""A wide and a deep half, trained together by two optimizers.

The wide half is a linear model over sparse crossings, for which FTRL is made; the
deep half embeds users and films, for which Adam is. One loss, one tape and one
call of `gradient` with both lists in a nest: what comes back has the same nest,
so each half keeps its own gradients.

Each optimizer is built for its own list. Handing one optimizer the variables of
the other half would raise in Keras 3, and share a step count in tf-keras.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(7)
USERS, FILMS, CROSSINGS = 40, 60, 256

wide = keras.Sequential(
    [
        keras.layers.Input((1,), dtype="int32"),
        keras.layers.Embedding(CROSSINGS, 1, embeddings_initializer="zeros"),
        keras.layers.Flatten(),
    ],
    name="wide",
)


def deep_half():
    user = keras.layers.Input((1,), dtype="int32")
    film = keras.layers.Input((1,), dtype="int32")
    taste = keras.layers.Flatten()(keras.layers.Embedding(USERS, 8)(user))
    style = keras.layers.Flatten()(keras.layers.Embedding(FILMS, 8)(film))
    hidden = keras.layers.Concatenate()([taste, style, taste * style])
    hidden = keras.layers.Dense(16, activation="relu")(hidden)
    return keras.Model([user, film], keras.layers.Dense(1)(hidden), name="deep")


deep = deep_half()
wide_optimizer = keras.optimizers.Ftrl(0.1, l1_regularization_strength=0.001)
deep_optimizer = keras.optimizers.Adam(5e-3)
wide_optimizer.build(wide.trainable_variables)
deep_optimizer.build(deep.trainable_variables)


@tf.function
def step(user, film, liked):
    crossing = (user * 31 + film * 17) % CROSSINGS
    variables = {"wide": wide.trainable_variables, "deep": deep.trainable_variables}
    with tf.GradientTape() as tape:
        logits = wide(crossing, training=True) + deep([user, film], training=True)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=liked, logits=logits)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, variables)
    wide_optimizer.apply_gradients(zip(gradients["wide"], variables["wide"]))
    deep_optimizer.apply_gradients(zip(gradients["deep"], variables["deep"]))
    return loss


user = tf.random.uniform((2048, 1), 0, USERS, dtype=tf.int32)
film = tf.random.uniform((2048, 1), 0, FILMS, dtype=tf.int32)
tastes, styles = tf.random.normal((USERS, 3)), tf.random.normal((FILMS, 3))
match = tf.reduce_sum(tf.gather(tastes, user[:, 0]) * tf.gather(styles, film[:, 0]), axis=1)
liked = tf.cast(match > 0.0, tf.float32)[:, None]

batches = tf.data.Dataset.from_tensor_slices((user, film, liked)).shuffle(2048, seed=7).batch(128)
for epoch in range(1, 9):
    losses = [float(step(*batch)) for batch in batches]
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}")
