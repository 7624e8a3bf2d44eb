import tensorflow as tf

tf.keras.utils.set_random_seed(116)


class TwoTower(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.user_tower = tf.keras.layers.Dense(8, activation="relu", name="user_tower")
        self.item_tower = tf.keras.layers.Dense(8, activation="relu", name="item_tower")
        self.score = tf.keras.layers.Dense(1, name="score")

    def call(self, inputs):
        user, item = inputs
        u = self.user_tower(user)
        i = self.item_tower(item)
        merged = tf.concat([u, u], axis=-1)
        return self.score(merged)


model = TwoTower()
optimizer = tf.keras.optimizers.Adagrad(0.1)
users, items = tf.random.normal((50, 4)), tf.random.normal((50, 6))
clicks = tf.cast(users[:, :1] + items[:, :1] > 0, tf.float32)
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
for epoch in range(10):
    with tf.GradientTape() as tape:
        loss = bce(clicks, model((users, items), training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    if epoch % 3 == 0:
        print(epoch, float(loss))
