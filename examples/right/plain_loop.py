"""The plainest loop: a line through points, gradient by gradient.

Every condition of a working update is visible: the forward pass runs inside
the tape, one list of variables serves both calls, and the optimizer, not an
assignment, changes the values.
"""

import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(1)
x = tf.random.normal((256, 3))
y = x @ tf.constant([[1.0], [-2.0], [0.5]]) + 0.3

model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, name="line")])
optimizer = keras.optimizers.SGD(learning_rate=0.1)

for epoch in range(20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {float(loss):.4f}")
