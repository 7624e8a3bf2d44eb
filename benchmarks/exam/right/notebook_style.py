# %% [markdown]
# # Classifying points: exploration

# %%


import numpy as np
import tensorflow as tf

print(tf.__version__)

# %%
np.random.seed(0)
tf.random.set_seed(0)
N = 300
X = np.zeros((N * 3, 2), dtype="float32")
y = np.zeros(N * 3, dtype="int64")
for j in range(3):
    ix = range(N * j, N * (j + 1))
    r = np.linspace(0.0, 1, N)
    t = np.linspace(j * 4, (j + 1) * 4, N) + np.random.randn(N) * 0.2
    X[ix] = np.c_[r * np.sin(t), r * np.cos(t)]
    y[ix] = j

# %%
ds = tf.data.Dataset.from_tensor_slices((X, y)).shuffle(1000).batch(90)
next(iter(ds))[0].shape

# %%
W1 = tf.Variable(tf.random.normal([2, 64], stddev=0.5))
b1 = tf.Variable(tf.zeros([64]))
W2 = tf.Variable(tf.random.normal([64, 3], stddev=0.1))
b2 = tf.Variable(tf.zeros([3]))
tv = [W1, b1, W2, b2]


def model(x):
    h = tf.nn.relu(x @ W1 + b1)
    return h @ W2 + b2


# %%
def loss(x, y):
    logits = model(x)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))


print("loss", loss(X, y).numpy())

# %%
opt = tf.keras.optimizers.Adam(0.02)
for epoch in range(12):
    for xb, yb in ds:
        with tf.GradientTape() as tape:
            l = loss(xb, yb)
        g = tape.gradient(l, tv)
        opt.apply_gradients(zip(g, tv))
    if epoch % 4 == 3:
        acc = np.mean(np.argmax(model(X).numpy(), 1) == y)
        print(f"epoch {epoch}: loss {l.numpy():.3f} acc {acc:.3f}")

# %%
loss(X, y)
