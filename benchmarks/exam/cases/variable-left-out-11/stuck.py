import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(12)
users, items = 40, 60
u = np.random.randint(0, users, 1500)
i = np.random.randint(0, items, 1500)
r = ((u % 5 - i % 4) * 0.5 + 0.1 * np.random.randn(1500)).astype("float32")[:, None]

ui, ii = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
e = layers.Concatenate()([layers.Embedding(users, 8, name="user")(ui), layers.Embedding(items, 8, name="item")(ii)])
h = layers.Dense(32, activation="relu", name="hidden")(e)
model = keras.Model([ui, ii], layers.Dense(1, name="rating")(h))

sparse_vars = [v for v in model.trainable_variables if "embedding" in v.name]
dense_vars = [v for v in model.trainable_variables if "hidden" in v.name or "rating" in v.name]
opt_sparse = keras.optimizers.Adagrad(0.1)
opt_dense = keras.optimizers.Adam(1e-3)

for epoch in range(5):
    for k in range(0, 1500, 100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model([u[k:k + 100], i[k:k + 100]]) - r[k:k + 100]))
        grads = tape.gradient(loss, sparse_vars + dense_vars)
        opt_sparse.apply_gradients(zip(grads[:len(sparse_vars)], sparse_vars))
        if dense_vars:
            opt_dense.apply_gradients(zip(grads[len(sparse_vars):], dense_vars))
    print(epoch, loss.numpy())
