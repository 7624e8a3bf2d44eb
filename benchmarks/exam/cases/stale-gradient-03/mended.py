import numpy as np
import tensorflow as tf
from tensorflow import keras


class Attributes(keras.Model):
    """Two heads: several attributes a picture, and its age."""

    def __init__(self):
        super().__init__()
        self.trunk = keras.layers.Dense(32, activation="relu")
        self.flags = keras.layers.Dense(4)
        self.age = keras.layers.Dense(1)

    def call(self, x):
        h = self.trunk(x)
        return self.flags(h), self.age(h)


def losses_of(model, x, flags, age):
    flag_out, age_out = model(x)
    flag_loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=flags, logits=flag_out))
    age_loss = tf.reduce_mean(tf.square(age_out[:, 0] - age))
    return flag_loss, age_loss


keras.utils.set_random_seed(29)
rng = np.random.default_rng(29)
x = rng.normal(size=(480, 12)).astype("float32")
flags = (x[:, :4] + 0.5 * x[:, 4:8] > 0).astype("float32")
age = (x[:, 8] - x[:, 9] + 0.1 * rng.normal(size=480)).astype("float32")
model = Attributes()
optimizer = keras.optimizers.RMSprop(3e-3)
best, history = np.inf, []
for epoch in range(4):
    order = rng.permutation(480)
    sums = np.zeros(2)
    for start in range(0, 480, 48):
        pick = order[start:start + 48]
        with tf.GradientTape() as tape:
            flag_loss, age_loss = losses_of(model, x[pick], flags[pick], age[pick])
            loss = flag_loss + 0.5 * age_loss
        grads = tape.gradient(loss, model.trainable_variables)
        grads, norm = tf.clip_by_global_norm(grads, 2.0)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        sums += [float(flag_loss), float(age_loss)]
    history.append(sums / 10)
    best = min(best, float(history[-1].sum()))
    print("epoch", epoch, "flags %.4f age %.4f" % tuple(history[-1]), "best %.4f" % best)
