import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(104)
user = np.random.randn(200, 5).astype("float32")
item = np.random.randn(200, 5).astype("float32")
rating = (np.sum(user * item, axis=1, keepdims=True) > 0).astype("float32")

user_tower = tf.keras.Sequential([layers.Input((5,)), layers.Dense(8, name="user_dense")])
item_tower = tf.keras.Sequential([layers.Input((5,)), layers.Dense(8, name="item_dense")])
optimizer = tf.keras.optimizers.Adam(0.02)


@tf.function
def train_step(users, items, ratings):
    with tf.GradientTape() as tape:
        u = user_tower(users)
        v = item_tower(items)
        score = tf.reduce_sum(u * v, axis=1, keepdims=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(ratings, score))
    variables = user_tower.trainable_variables + item_tower.trainable_variables
    grads = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(grads, variables))
    return loss


for epoch in range(10):
    for i in range(0, 200, 50):
        loss = train_step(user[i:i + 50], item[i:i + 50], rating[i:i + 50])
    print("epoch", epoch, "loss", float(loss))
