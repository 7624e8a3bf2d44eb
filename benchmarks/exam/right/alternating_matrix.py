"""Matrix factorization, one factor at a time, with one optimizer each."""
import tensorflow as tf
from tensorflow import keras

tf.random.set_seed(96)
R = tf.matmul(tf.random.normal((30, 3)), tf.random.normal((3, 25)))
seen = tf.cast(tf.random.uniform((30, 25)) < 0.5, tf.float32)
U = tf.Variable(tf.random.normal((30, 3)) * 0.3, name="U")
V = tf.Variable(tf.random.normal((3, 25)) * 0.3, name="V")
turns = [(U, keras.optimizers.Adam(0.05)), (V, keras.optimizers.Adam(0.05))]


def objective():
    error = tf.reduce_sum(seen * (R - U @ V) ** 2) / tf.reduce_sum(seen)
    return error + 1e-3 * (tf.reduce_mean(U**2) + tf.reduce_mean(V**2))


for i in range(60):
    for factor, optimizer in turns:
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = objective()
            optimizer.apply_gradients([(tape.gradient(loss, factor), factor)])
    if i % 19 == 0:
        print("loss", float(loss))
