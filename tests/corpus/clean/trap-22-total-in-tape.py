import tensorflow as tf

tf.keras.utils.set_random_seed(35)
cell = tf.keras.layers.GRUCell(8)
readout = tf.keras.layers.Dense(1)
optimizer = tf.keras.optimizers.Adam(0.01)
sequence = tf.math.sin(tf.reshape(tf.range(80, dtype=tf.float32), (4, 20, 1)) * 0.3)


@tf.function
def train_step(sequence):
    with tf.GradientTape() as tape:
        state = tf.zeros((4, 8))
        total = 0.0
        for t in range(10):
            output, states = cell(sequence[:, t], [state])
            state = states[0] if isinstance(states, (list, tuple)) else states
            total += tf.reduce_mean(tf.square(readout(output) - sequence[:, t + 1]))
    variables = cell.trainable_variables + readout.trainable_variables
    gradients = tape.gradient(total, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return total / 10.0


for epoch in range(6):
    print(epoch, float(train_step(sequence)))
