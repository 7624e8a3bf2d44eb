import tensorflow as tf

tf.keras.utils.set_random_seed(19)


class Dueling(tf.keras.Model):
    def __init__(self, actions):
        super().__init__()
        self.actions = actions
        self.body = tf.keras.layers.Dense(16, activation="relu")

    def call(self, s):
        h = self.body(s)
        v = tf.keras.layers.Dense(1)(h)
        a = tf.keras.layers.Dense(self.actions)(h)
        return v + a - tf.reduce_mean(a, 1, keepdims=True)


q = Dueling(3)
opt = tf.keras.optimizers.Adam(0.01)
s = tf.random.normal((64, 4))
target = s[:, :3]
for i in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((q(s) - target) ** 2)
    grads = tape.gradient(loss, q.trainable_variables)
    opt.apply_gradients(zip(grads, q.trainable_variables))
    if i % 10 == 0:
        print(i, float(loss))
