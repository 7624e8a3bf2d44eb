import argparse

import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--milestones", type=int, nargs="*", default=[4, 8])
args = parser.parse_args([])

tf.keras.utils.set_random_seed(33)
model = tf.keras.Sequential([
    tf.keras.layers.Input((5,)),
    tf.keras.layers.Dense(20, activation="relu", name="body"),
    tf.keras.layers.Dense(1, name="tail"),
])
optimizer = tf.keras.optimizers.Adam(learning_rate=args.lr)
x = tf.random.normal((160, 5))
y = tf.reduce_max(x, axis=1, keepdims=True) + 0.2 * tf.random.normal((160, 1))
dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(160, seed=4).batch(32)


def adjust_learning_rate(epoch):
    if epoch in args.milestones:
        args.lr /= 10
        optimizer.learning_rate = args.lr
        print("learning rate is now", args.lr)


for epoch in range(12):
    adjust_learning_rate(epoch)
    for bx, by in dataset:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(bx, training=True) - by))
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    print(epoch, float(loss))
