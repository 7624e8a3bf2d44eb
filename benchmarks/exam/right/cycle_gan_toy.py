"""Two generators, two critics, cycle and identity terms, one persistent tape."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(67)


def mlp(out):
    return keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(16, activation="leaky_relu"), keras.layers.Dense(out)])


G, F = mlp(2), mlp(2)
DX, DY = mlp(1), mlp(1)
opts = [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(4)]
mae = keras.losses.MeanAbsoluteError()


def adversarial(score, real):
    return tf.reduce_mean(tf.square(score - (1.0 if real else 0.0)))


@tf.function
def train_step(x, y):
    with tf.GradientTape(persistent=True) as tape:
        fake_y, fake_x = G(x, training=True), F(y, training=True)
        cycled_x, cycled_y = F(fake_y, training=True), G(fake_x, training=True)
        cycle = mae(x, cycled_x) + mae(y, cycled_y)
        g_loss = adversarial(DY(fake_y), True) + 5 * cycle + mae(y, G(y, training=True))
        f_loss = adversarial(DX(fake_x), True) + 5 * cycle + mae(x, F(x, training=True))
        dx_loss = adversarial(DX(x), True) + adversarial(DX(fake_x), False)
        dy_loss = adversarial(DY(y), True) + adversarial(DY(fake_y), False)
    for net, loss, opt in zip((G, F, DX, DY), (g_loss, f_loss, dx_loss, dy_loss), opts):
        gradients = tape.gradient(loss, net.trainable_variables)
        opt.apply_gradients(zip(gradients, net.trainable_variables))
    del tape
    return cycle


for i in range(150):
    x = tf.random.normal((64, 2)) * 0.3 + [1.0, 0.0]
    y = tf.random.normal((64, 2)) * 0.3 - [1.0, 1.0]
    cycle = train_step(x, y)
    if i % 49 == 0:
        print("cycle loss", float(cycle))
