import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(1)
x = np.random.randn(128, 3).astype("float32")
y = (x @ np.array([[1.0], [-2.0], [0.5]])).astype("float32")

model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1, name="regressor")])
optimizer = tf.keras.optimizers.SGD(0.1)


def train(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(20):
    print("epoch", epoch, float(train(x, y)))
