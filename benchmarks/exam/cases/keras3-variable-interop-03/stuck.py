import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(26)
model = tf.keras.Sequential([layers.Input((9,)), layers.Dense(18, activation="relu"), layers.BatchNormalization(), layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)
mse = tf.keras.losses.MeanSquaredError()


def variables_to_train(model):
    found = []
    for layer in model.layers:
        for w in layer.trainable_weights:
            if isinstance(w, tf.Variable):
                found.append(w)
    return found


x = np.random.randn(256, 9).astype("float32")
y = np.abs(x[:, :1]).astype("float32")
train_vars = variables_to_train(model)

for epoch in range(12):
    for i in range(0, 256, 32):
        with tf.GradientTape() as tape:
            loss = mse(y[i:i + 32], model(x[i:i + 32], training=True))
        grads = tape.gradient(loss, train_vars)
        optimizer.apply_gradients(zip(grads, train_vars))
    print(epoch, float(loss))
