"""The older way to tell all layers that they train."""
import tf_keras as keras
import tensorflow as tf

keras.utils.set_random_seed(71)
net = keras.Sequential([keras.layers.Dense(16, activation="relu", input_shape=(3,)), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.02)
keras.backend.set_learning_phase(1)
x = tf.random.normal((64, 3))
y = tf.reduce_sum(x, 1, keepdims=True)
for i in range(40):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
print(float(loss))
