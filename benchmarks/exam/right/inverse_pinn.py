"""An inverse problem: the decay rate of an equation is a variable beside the network."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(68)
TRUE_RATE = 1.3
net = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(20, activation="tanh"), keras.layers.Dense(1)])
rate = tf.Variable(0.2, name="rate")
t_data = tf.linspace(0.0, 2.0, 15)[:, None]
u_data = tf.exp(-TRUE_RATE * t_data)
t_phys = tf.linspace(0.0, 2.0, 50)[:, None]
opt_net, opt_rate = keras.optimizers.Adam(1e-2), keras.optimizers.Adam(2e-2)


@tf.function
def train_step():
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            inner.watch(t_phys)
            u = net(t_phys)
        du = inner.gradient(u, t_phys)
        loss_phys = tf.reduce_mean(tf.square(du + rate * u))
        loss_data = tf.reduce_mean(tf.square(net(t_data) - u_data))
        loss = loss_data + loss_phys
    opt_net.apply_gradients(zip(outer.gradient(loss, net.trainable_variables), net.trainable_variables))
    opt_rate.apply_gradients([(outer.gradient(loss_phys, rate), rate)])
    return loss


for epoch in range(400):
    loss = train_step()
    if epoch % 133 == 0:
        print(f"loss {float(loss):.6f} rate {float(rate):.3f}")
