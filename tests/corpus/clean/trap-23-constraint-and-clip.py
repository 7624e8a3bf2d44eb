import tensorflow as tf

tf.keras.utils.set_random_seed(36)
model = tf.keras.Sequential([
    tf.keras.layers.Dense(8, activation="relu", kernel_constraint=tf.keras.constraints.MaxNorm(0.5)),
    tf.keras.layers.Dense(1, kernel_constraint=tf.keras.constraints.NonNeg(), kernel_regularizer="l2"),
])
optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True, global_clipnorm=0.1)
x = tf.random.normal((32, 4))
y = tf.abs(x[:, :1])
for step in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y)) + tf.add_n(model.losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
print(float(loss))
