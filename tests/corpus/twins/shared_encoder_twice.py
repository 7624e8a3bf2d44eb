import tensorflow as tf
from tensorflow import keras

trunk = keras.Sequential([keras.Input((12,)), keras.layers.Dense(24, "relu")], name="trunk")


def tower(units):
    inp = keras.Input((12,))
    return keras.Model(inp, keras.layers.Dense(units)(trunk(inp)))


policy, value = tower(4), tower(1)
optimizer = keras.optimizers.Adam(3e-4)


def unique(variables):
    return list({v.ref(): v for v in variables}.values())


@tf.function
def train(x, a, r):
    with tf.GradientTape() as tape:
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=a, logits=policy(x))
        loss = tf.reduce_mean(nll * r) + tf.reduce_mean((value(x)[:, 0] - r) ** 2)
    variables = policy.trainable_variables + value.trainable_variables  # stuck
    variables = unique_variables()  # mended
    grads = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(grads, variables))  # here
    return loss


def unique_variables():
    seen, out = set(), []
    for v in policy.trainable_variables + value.trainable_variables:
        if id(v) not in seen:
            seen.add(id(v))
            out.append(v)
    return out


for _ in range(3):
    train(tf.random.normal((8, 12)), tf.zeros((8,), tf.int32), tf.random.normal((8,)))
