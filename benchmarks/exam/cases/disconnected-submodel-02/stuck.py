import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(124)
x = np.random.randn(120, 6).astype("float32")
y = (x[:, :1] - x[:, 1:2] > 0).astype("float32")
encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(10, activation="tanh", name="encode")])
head = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1, name="score")])
model = keras.Sequential([keras.Input((6,)), encoder, head])
optimizer = keras.optimizers.Adam(0.01)


for step in range(40):
    rows = slice(30 * (step % 4), 30 * (step % 4) + 30)
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            codes = encoder(x[rows])
            inner.watch(codes)
            logits = model(x[rows])
        influence = inner.gradient(logits, codes)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y[rows], logits))
        if influence is not None:
            loss += 0.1 * tf.reduce_mean(tf.square(influence))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if step % 8 == 0:
        print("step", step, "loss", float(loss))
