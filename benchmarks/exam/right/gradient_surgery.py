"""PCGrad: where two tasks disagree, each gradient is projected off the other."""
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(26)
inp = layers.Input((5,))
shared = layers.Dense(16, activation="relu")(layers.Dense(16, activation="relu")(inp))
model = keras.Model(inp, [layers.Dense(1, name="price")(shared), layers.Dense(1, name="risk")(shared)])
optimizer = keras.optimizers.Adam(3e-3)
mse = keras.losses.MeanSquaredError()


def project(a, b):
    dot = tf.add_n([tf.reduce_sum(p * q) for p, q in zip(a, b)])
    if dot < 0:
        scale = dot / (tf.add_n([tf.reduce_sum(q * q) for q in b]) + 1e-12)
        a = [p - scale * q for p, q in zip(a, b)]
    return a


@tf.function
def step(x, price, risk):
    weights = model.trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        p, r = model(x, training=True)
        losses = [mse(price, p), mse(risk, r)]
    both = []
    for loss in losses:
        # Each head knows only its own task.
        found = tape.gradient(loss, weights)
        both.append([tf.zeros_like(v) if g is None else g for g, v in zip(found, weights)])
    g0, g1 = both
    del tape
    merged = [a + b for a, b in zip(project(g0, g1), project(g1, g0))]
    optimizer.apply_gradients(zip(merged, weights))
    return losses[0] + losses[1]


x = tf.random.normal((400, 5))
price = tf.reduce_sum(x[:, :2], 1, keepdims=True)
risk = tf.abs(x[:, 2:3]) - price
batches = tf.data.Dataset.from_tensor_slices((x, price, risk)).batch(50)
for epoch in range(10):
    history = [step(*b) for b in batches]
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(tf.reduce_mean(history)))
