import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)
left = rng.normal(size=(320, 8)).astype("float32")
right = rng.normal(size=(320, 8)).astype("float32")
same = (np.sum(left * right, axis=1, keepdims=True) > 0).astype("float32")

shared = tf.keras.layers.Dense(12, activation="tanh", name="shared")
tower_a = tf.keras.Sequential([tf.keras.Input((8,)), shared, tf.keras.layers.Dense(6, name="left_out")])
tower_b = tf.keras.Sequential([tf.keras.Input((8,)), shared, tf.keras.layers.Dense(6, name="right_out")])
optimizer = tf.keras.optimizers.SGD(0.2)
weights = tower_a.trainable_variables + tower_b.trainable_variables


@tf.function
def train_step(a, b, label):
    with tf.GradientTape() as tape:
        score = tf.reduce_sum(tower_a(a) * tower_b(b), axis=1, keepdims=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(label, score))
    grads = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(grads, weights))
    return loss


for epoch in range(20):
    for i in range(0, 320, 64):
        loss = train_step(left[i:i + 64], right[i:i + 64], same[i:i + 64])
    if epoch % 4 == 0:
        print("epoch", epoch, float(loss))
