import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(19)
x = np.random.randn(256, 8).astype("float32")
y = (x[:, :1] * x[:, 1:2] > 0).astype("float32")

stack = [layers.Input((8,))]
for depth in range(9):
    stack.append(layers.Dense(12, activation="sigmoid", name=f"hidden_{depth}"))
stack.append(layers.Dense(1, name="logit"))
model = tf.keras.Sequential(stack)
optimizer = tf.keras.optimizers.SGD(0.1)


@tf.function
def train_step(inputs, labels):
    with tf.GradientTape() as tape:
        logits = model(inputs, training=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


for epoch in range(20):
    for i in range(0, 256, 64):
        loss = train_step(x[i:i + 64], y[i:i + 64])
    if epoch % 4 == 0:
        print("epoch", epoch, "loss", float(loss))
