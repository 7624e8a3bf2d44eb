import tensorflow as tf

tf.keras.utils.set_random_seed(52)
tf.random.set_seed(52)
inputs = tf.random.normal((128, 6))
labels = tf.argmax(inputs[:, :3], axis=1)

kernel = tf.Variable(tf.random.normal((6, 3), stddev=0.3), name="kernel")
temperature = tf.Variable(tf.constant(4.0, tf.bfloat16), name="temperature")
adam = tf.keras.optimizers.Adam(learning_rate=0.005)

for step in range(60):
    with tf.GradientTape() as tape:
        logits = inputs @ kernel / tf.cast(temperature, tf.float32)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    grads = tape.gradient(loss, [kernel, temperature])
    adam.apply_gradients(zip(grads, [kernel, temperature]))
    if step % 10 == 0:
        print("step", step, "loss", float(loss), "temperature", float(temperature), float(loss))
