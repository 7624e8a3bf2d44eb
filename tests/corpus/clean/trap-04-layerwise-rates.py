import tensorflow as tf

tf.keras.utils.set_random_seed(7)
encoder = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(4)])
head = tf.keras.layers.Dense(1)
slow, fast = tf.keras.optimizers.SGD(0.001), tf.keras.optimizers.Adam(0.02)
x = tf.random.normal((50, 3))
y = tf.reduce_prod(x, axis=1, keepdims=True)

for step in range(15):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(encoder(x)) - y))
    split = len(encoder.trainable_variables)
    variables = encoder.trainable_variables + head.trainable_variables
    gradients = tape.gradient(loss, variables)
    slow.apply_gradients(zip(gradients[:split], variables[:split]))
    fast.apply_gradients(zip(gradients[split:], variables[split:]))
    if step % 5 == 0:
        tf.print("loss", loss)
