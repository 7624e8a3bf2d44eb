import tensorflow as tf

tf.keras.utils.set_random_seed(123)
layers = [tf.keras.layers.Dense(8, activation="relu") for _ in range(2)] + [tf.keras.layers.Dense(1)]


def forward(x):
    for layer in layers:
        x = layer(x)
    return x


x = tf.random.normal((64, 4))
y = tf.reduce_sum(tf.square(x), axis=1, keepdims=True)
forward(x)
everything = [v for layer in layers for v in layer.trainable_variables]
trunk = [v for layer in layers[:-1] for v in layer.trainable_variables]
adam = tf.keras.optimizers.Adam(0.01)
for step in range(20):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(forward(x) - y))
    grads = tape.gradient(loss, trunk)
    grads = [tf.clip_by_norm(g, 1.0) for g in grads]
    adam.apply_gradients(zip(grads, everything))
print(float(loss))
