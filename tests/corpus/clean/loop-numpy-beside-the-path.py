import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(53)
model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(3)])
optimizer = tf.keras.optimizers.Adam(0.02)
x = np.random.randn(60, 5).astype("float32")
y = np.argmax(x[:, :3], axis=1)
confusion = np.zeros((3, 3), int)
best, stale = np.inf, 0

for epoch in range(5):
    order = np.random.permutation(len(x))
    for start in range(0, len(x), 20):
        index = order[start : start + 20]
        noisy = x[index] + np.random.normal(0, 0.01, (20, 5)).astype("float32")
        weights = 1.0 / np.bincount(y, minlength=3)[y[index]]
        with tf.GradientTape() as tape:
            logits = model(tf.convert_to_tensor(noisy), training=True)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(y[index], logits)
            loss = tf.reduce_sum(each * weights.astype("float32"))
            guess = np.argmax(logits.numpy(), axis=1)
            np.add.at(confusion, (y[index], guess), 1)
            current = float(loss)
        grads = tape.gradient(loss, model.trainable_variables)
        pairs = list(zip(grads, model.trainable_variables))
        largest = max(float(tf.norm(g)) for g, _ in pairs)
        optimizer.apply_gradients(pairs)
        if current < best:
            best, stale = current, 0
        else:
            stale += 1
    print(epoch, round(best, 4), stale, round(largest, 4), int(confusion.trace()))
