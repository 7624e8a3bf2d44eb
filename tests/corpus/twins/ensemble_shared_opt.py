import tensorflow as tf


def member(i):
    tf.random.set_seed(i)
    return tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(16, "relu"), tf.keras.layers.Dense(1)])


ensemble = [member(i) for i in range(3)]
optimizer = tf.keras.optimizers.Adam(1e-3)  # stuck
optimizers = [tf.keras.optimizers.Adam(1e-3) for _ in ensemble]  # mended


def train_member(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # here
    return loss


for step in range(10):
    x = tf.random.normal((32, 5))
    y = tf.reduce_mean(x, axis=1, keepdims=True)
    for model in ensemble:  # stuck
        train_member(model, optimizer, x, y)  # stuck
    for model, optimizer in zip(ensemble, optimizers):  # mended
        train_member(model, optimizer, x, y)  # mended
