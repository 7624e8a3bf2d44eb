import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
x = rng.normal(size=(320, 5)).astype("float32")
y = (x[:, :1] - x[:, 1:2]).astype("float32")
y[130] = np.nan

model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(16, activation="elu", name="first"),
                             tf.keras.layers.Dense(1, name="last")])
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs, training=True) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(4):
    losses = []
    for i in range(0, 320, 32):
        losses.append(float(train_step(x[i:i + 32], y[i:i + 32])))
    print(f"epoch {epoch}: first batch {losses[0]:.4f}, last batch {losses[-1]:.4f}")
