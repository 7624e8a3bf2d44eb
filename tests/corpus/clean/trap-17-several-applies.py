import tensorflow as tf

tf.keras.utils.set_random_seed(32)
model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(6, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.01)
optimizer.build(model.trainable_variables)
kernels = [v for v in model.trainable_variables if len(v.shape) > 1]
biases = [v for v in model.trainable_variables if len(v.shape) == 1]
x = tf.random.normal((32, 3))
y = tf.norm(x, axis=1, keepdims=True)
for step in range(10):
    for group in (kernels, biases):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(model(x) - y))
        optimizer.apply_gradients(zip(tape.gradient(loss, group), group))
print(float(loss), int(optimizer.iterations))
