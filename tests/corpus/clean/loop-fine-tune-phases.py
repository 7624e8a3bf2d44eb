import tensorflow as tf

tf.keras.utils.set_random_seed(58)
base = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(10, activation="relu"), tf.keras.layers.Dense(6, activation="relu")])
model = tf.keras.Sequential([base, tf.keras.layers.Dense(1, activation="sigmoid")])
x = tf.random.normal((64, 6))
y = tf.cast(x[:, :1] > 0, tf.float32)
model(x)
bce = tf.keras.losses.BinaryCrossentropy()


def make_step(optimizer):
    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = bce(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return step


base.trainable = False
head_step = make_step(tf.keras.optimizers.Adam(0.01))
for _ in range(5):
    loss = head_step(x, y)
print("head", float(loss))
base.trainable = True
full_step = make_step(tf.keras.optimizers.Adam(0.001))
for _ in range(5):
    loss = full_step(x, y)
print("all", float(loss))
