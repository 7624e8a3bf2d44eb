import tensorflow as tf

tf.keras.utils.set_random_seed(110)
features = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(10, activation="relu")])
decay = tf.Variable(0.3, name="decay")
readout = tf.keras.layers.Dense(1)
opt = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((30, 6))
age = tf.random.uniform((30, 1), 0.0, 4.0)
y = tf.exp(-0.8 * age) * tf.reduce_sum(x[:, :2], axis=1, keepdims=True)

for epoch in range(12):
    with tf.GradientTape() as tape:
        rate = float(decay)
        damping = tf.exp(-rate * age)
        loss = tf.reduce_mean(tf.abs(damping * readout(features(x)) - y))
    params = features.trainable_variables + readout.trainable_variables + [decay]
    opt.apply_gradients(zip(tape.gradient(loss, params), params))
    print(f"{epoch} {loss.numpy():.4f} decay={decay.numpy():.3f}")
