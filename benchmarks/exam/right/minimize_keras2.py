"""tf-keras optimizers take a function: `minimize` opens the tape itself."""
import tensorflow as tf
import tf_keras as keras

keras.utils.set_random_seed(60)
model = keras.Sequential([keras.layers.Dense(16, activation="relu", input_shape=(5,)), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.01)
x = tf.random.normal((200, 5))
y = tf.reduce_sum(x, axis=1, keepdims=True)


def loss():
    return tf.reduce_mean(tf.square(model(x, training=True) - y))


for i in range(100):
    opt.minimize(loss, model.trainable_variables)
    if i % 33 == 0:
        print("loss", float(loss()))
