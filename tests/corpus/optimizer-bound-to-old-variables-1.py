import tensorflow as tf

tf.keras.utils.set_random_seed(126)
x = tf.random.normal((60, 4))
y = tf.sin(x[:, :1])
optimizer = tf.keras.optimizers.Adam(0.01)


def make_model(width):
    return tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(width, activation="relu"), tf.keras.layers.Dense(1)])


def train(model, steps):
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return float(loss)


results = {}
for width in (4, 8, 16):
    results[width] = train(make_model(width), 10)
print(results)
