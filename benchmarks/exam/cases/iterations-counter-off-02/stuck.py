import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(88)
x = np.random.randn(256, 6).astype("float32")
y = np.sin(x[:, :1] * 2).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((6,))] + [
    tf.keras.layers.Dense(16, activation="tanh", name=f"level{k}") for k in range(4)] + [tf.keras.layers.Dense(1, name="end")])
schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.2, decay_steps=10, decay_rate=0.9)
optimizer = tf.keras.optimizers.SGD(schedule)
optimizer.build(model.trainable_variables)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    variables = model.trainable_variables
    grads = tape.gradient(loss, variables)
    for gradient, variable in zip(grads, variables):
        optimizer.apply_gradients([(gradient, variable)])
    return loss


for epoch in range(12):
    for i in range(0, 256, 64):
        loss = train_step(x[i:i + 64], y[i:i + 64])
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(loss))
