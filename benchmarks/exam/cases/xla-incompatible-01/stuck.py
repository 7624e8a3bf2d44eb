import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(67)
x = np.random.randn(128, 5).astype("float32")
y = (x[:, :1] + 0.5).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(1, name="fit")])
optimizer = tf.keras.optimizers.SGD(0.1)


@tf.function(jit_compile=True)
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
        tf.print("loss inside", loss)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(5):
    for i in range(0, 128, 32):
        loss = train_step(x[i:i + 32], y[i:i + 32])
    print("epoch", epoch, "loss", float(loss))
