import tensorflow as tf

tf.keras.utils.set_random_seed(5)
model = tf.keras.Sequential([
    tf.keras.layers.Dense(8, use_bias=False),
    tf.keras.layers.BatchNormalization(momentum=0.0),
    tf.keras.layers.Activation("relu"),
    tf.keras.layers.Dense(1),
])
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9)
x = tf.random.normal((32, 5))
y = tf.sin(x[:, :1])
for step in range(10):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
validation = tf.reduce_mean(tf.square(model(x, training=False) - y))
print(float(loss), float(validation))
