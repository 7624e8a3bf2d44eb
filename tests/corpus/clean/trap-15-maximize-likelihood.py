import tensorflow as tf

tf.keras.utils.set_random_seed(29)
mean = tf.Variable(0.0, name="mean")
log_scale = tf.Variable(0.0, name="log_scale")
data = tf.random.normal((200,), mean=1.5, stddev=0.5)
for step in range(60):
    with tf.GradientTape() as tape:
        standardized = (data - mean) * tf.exp(-log_scale)
        log_likelihood = tf.reduce_mean(-0.5 * tf.square(standardized) - log_scale)
    for variable, gradient in zip([mean, log_scale], tape.gradient(log_likelihood, [mean, log_scale])):
        variable.assign_add(0.1 * gradient)
print(float(log_likelihood), float(mean), float(tf.exp(log_scale)))
