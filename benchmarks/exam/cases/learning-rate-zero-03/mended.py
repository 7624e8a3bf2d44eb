import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(108)
x = np.random.randn(320, 5).astype("float32")
y = (x @ np.random.randn(5, 2)).astype("float32")
EPOCHS, BATCH = 12, 32
model = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(2, name="affine")])
schedule = tf.keras.optimizers.schedules.PolynomialDecay(0.1, decay_steps=EPOCHS * 320 // BATCH, end_learning_rate=0.0)
optimizer = tf.keras.optimizers.SGD(schedule)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(EPOCHS):
    losses = [float(train_step(x[i:i + BATCH], y[i:i + BATCH])) for i in range(0, 320, BATCH)]
    print("epoch", epoch, "loss", np.mean(losses))
