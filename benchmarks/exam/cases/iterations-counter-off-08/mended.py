import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(65)
x = np.random.randn(400, 3).astype("float32")
y = x[:, :1] + 2 * x[:, 1:2]
model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(1)])
schedule = tf.keras.optimizers.schedules.PolynomialDecay(0.05, 100, 0.0001)
optimizer = tf.keras.optimizers.SGD(schedule)
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(400, seed=1).batch(20)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(5):
    for xb, yb in train:
        loss = train_step(xb, yb)
    print(int(optimizer.iterations), float(loss), float(schedule(optimizer.iterations)))
