"""A policy that is compared with the network from which it began."""
import tensorflow as tf
from tensorflow import keras
keras.utils.set_random_seed(8)


def lm():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(5)])


ref, policy = lm(), lm()
policy.set_weights(ref.get_weights())
opt = keras.optimizers.Adam(0.01)
x = tf.random.normal((64, 4))
chosen, rejected = tf.argmax(x, 1), tf.argmin(x, 1)


def logp(model, y):
    return tf.gather(tf.nn.log_softmax(model(x)), y, batch_dims=1)


for i in range(40):
    with tf.GradientTape() as tape:
        margin = (logp(policy, chosen) - logp(ref, chosen)) - (logp(policy, rejected) - logp(ref, rejected))
        loss = -tf.reduce_mean(tf.math.log_sigmoid(0.5 * margin))
    opt.apply_gradients(zip(tape.gradient(loss, policy.trainable_variables), policy.trainable_variables))
    if i % 10 == 0:
        print(i, float(loss))
