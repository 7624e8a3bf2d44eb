import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(33)


class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.a = tf.keras.layers.Dense(24, activation="relu", activity_regularizer=tf.keras.regularizers.L2(1e-3))
        self.drop = tf.keras.layers.Dropout(0.3)
        self.mean, self.var = tf.keras.layers.Dense(1), tf.keras.layers.Dense(1, activation="softplus")

    def call(self, x, training=None):
        h = self.drop(self.a(x), training=training)
        return tf.concat([self.mean(h), self.var(h) + 1e-3], -1)


model = Net()
model(np.zeros((1, 3), "float32"))
opt = tf.keras.optimizers.Nadam(0.01, global_clipnorm=10.0)
x = np.random.default_rng(0).normal(size=(160, 3)).astype("float32")
y = (x.sum(1) + 0.1 * np.random.default_rng(1).normal(size=160)).astype("float32")
loss_tracker = []


@tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec((None,))])
def step(x, y):
    with tf.GradientTape() as tape:
        out = model(x, training=True)
        mean, var = out[:, 0], out[:, 1]
        nll = 0.5 * (tf.math.log(var) + (y - mean) ** 2 / var)
        loss = tf.reduce_mean(nll) + tf.add_n(model.losses)
    g = tape.gradient(loss, model.trainable_variables)
    g = [tf.where(tf.math.is_finite(v), v, tf.zeros_like(v)) for v in g]
    opt.apply_gradients(zip(g, model.trainable_variables))
    return loss


for epoch in range(6):
    order = np.random.default_rng(epoch).permutation(160)
    for i in range(0, 160, 48):
        loss_tracker.append(step(x[order[i : i + 48]], y[order[i : i + 48]]))
    print(epoch, float(tf.reduce_mean(loss_tracker[-4:])))
samples = tf.stack([model(x, training=True)[:, 0] for _ in range(5)])
print("spread", float(tf.reduce_mean(tf.math.reduce_std(samples, 0))))
