import tensorflow as tf

tf.keras.utils.set_random_seed(0)
schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(float(schedule(0)))
x = tf.random.normal((64, 3))
y = tf.reduce_sum(x, 1, keepdims=True)

@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

for i in range(60):
    loss = step()
print(float(loss))
