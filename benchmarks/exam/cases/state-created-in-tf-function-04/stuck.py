#%% [markdown]
# Logistic regression for a medical table, by hand
#%%
import numpy as np
import tensorflow as tf

np.random.seed(0)
tf.keras.utils.set_random_seed(0)
X = np.random.randn(256, 6).astype(np.float32)
w_true = np.array([1.5, -2, 0, 0.5, 0, 1], np.float32)
Y = (X @ w_true + 0.2 * np.random.randn(256) > 0).astype(np.float32)
#%%
model = tf.keras.Sequential([tf.keras.layers.Input((6,)), tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.02)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
metric = tf.keras.metrics.BinaryAccuracy(threshold=0.0)
#%%
@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        z = model(x, training=True)
        loss = bce(y[:, None], z)
    g = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(g, model.trainable_variables))
    accuracy = tf.keras.metrics.BinaryAccuracy(threshold=0.0)
    accuracy.update_state(y[:, None], z)
    return loss
#%%
for epoch in range(5):
    perm = np.random.permutation(256)
    for k in range(0, 256, 32):
        idx = perm[k:k + 32]
        loss = step(X[idx], Y[idx])
    print("epoch %d: loss %.4f acc %.3f" % (epoch, loss, 0.0))
