import numpy as np
import tensorflow as tf


def l1(model, strength):
    penalty = 0.0
    for w in model.get_weights():
        penalty += strength * np.abs(w).sum()
    return penalty


tf.keras.utils.set_random_seed(42)
x = np.random.randn(150, 30).astype("float32")
y = (x[:, :2] @ np.array([[1.5], [-2.0]])).astype("float32")
lasso = tf.keras.Sequential([tf.keras.Input((30,)), tf.keras.layers.Dense(1, name="coef")])
opt = tf.keras.optimizers.SGD(0.05)

for it in range(200):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((lasso(x) - y) ** 2)
        loss = error + l1(lasso, 0.05)
    grads = tape.gradient(loss, lasso.trainable_variables)
    opt.apply_gradients(zip(grads, lasso.trainable_variables))
    if it % 50 == 0:
        nonzero = int((np.abs(lasso.get_weights()[0]) > 1e-2).sum())
        print(it, float(error), float(loss), "nonzero", nonzero)
