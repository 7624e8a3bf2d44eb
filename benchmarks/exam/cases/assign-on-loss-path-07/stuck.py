import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(57)
B, T = 32, 6
cell = tf.keras.layers.SimpleRNNCell(12, name="cell")
readout = tf.keras.layers.Dense(1, name="read")
outputs = tf.Variable(tf.zeros((B, T)), trainable=False)


def unroll(x):
    h = [tf.zeros((B, 12))]
    for t in range(T):
        out, h = cell(x[:, t:t + 1], h)
        outputs[:, t].assign(readout(out)[:, 0])
    return outputs.read_value()


x = np.random.randn(320, T).astype("float32")
y = np.cumsum(x, axis=1) / 2
unroll(x[:B])
params = cell.trainable_variables + readout.trainable_variables
opt = tf.keras.optimizers.Adam(0.01)
for epoch in range(3):
    for i in range(0, 320, B):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(unroll(x[i:i + B]) - y[i:i + B]))
        opt.apply_gradients(zip(tape.gradient(loss, params), params))
    print(epoch, float(loss))
