"""FixMatch: confident predictions of a weak view are labels for a strong one."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(85)
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(3)])
optimizer = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
means = tf.constant([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])


def sample(n):
    kind = tf.random.uniform((n,), 0, 3, dtype=tf.int32)
    return tf.gather(means, kind) + 0.7 * tf.random.normal((n, 2)), kind


@tf.function
def step(xl, yl, xu):
    weak = xu + 0.05 * tf.random.normal(tf.shape(xu))
    strong = xu + 0.5 * tf.random.normal(tf.shape(xu))
    probabilities = tf.nn.softmax(model(weak, training=False))
    confidence = tf.reduce_max(probabilities, axis=1)
    pseudo = tf.argmax(probabilities, axis=1)
    mask = tf.cast(confidence > 0.9, tf.float32)
    with tf.GradientTape() as tape:
        supervised = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=yl, logits=model(xl, training=True))
        )
        ce = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=pseudo, logits=model(strong, training=True))
        loss = supervised + tf.reduce_mean(ce * mask)
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return supervised


xl, yl = sample(12)
tx, ty = sample(500)
test = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for i in range(100):
    step(xl, yl, sample(64)[0])
    if i % 33 == 0:
        print("test loss", float(test(ty, model(tx))))
