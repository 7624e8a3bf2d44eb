import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(14)


def net(width, name):
    return tf.keras.Sequential([tf.keras.Input((6,)), layers.Dense(width, activation="relu"), layers.BatchNormalization(), layers.Dense(3)], name=name)


teacher, student = net(32, "teacher"), net(8, "student")
x = tf.random.normal((200, 6)); y = tf.argmax(x[:, :3], 1)
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
kl = tf.keras.losses.KLDivergence()
t_opt, s_opt = tf.keras.optimizers.Adam(0.01), tf.keras.optimizers.Lion(3e-3)


@tf.function
def teach():
    with tf.GradientTape() as tape:
        loss = ce(y, teacher(x, training=True))
    t_opt.apply_gradients(zip(tape.gradient(loss, teacher.trainable_variables), teacher.trainable_variables))
    return loss


for _ in range(30):
    loss = teach()
print("teacher", float(loss))
teacher.trainable = False


@tf.function(jit_compile=True)
def distil(x, y):
    soft = tf.nn.softmax(teacher(x, training=False) / 2.0)
    with tf.GradientTape() as tape:
        logits = student(x, training=True)
        loss = 0.3 * ce(y, logits) + 0.7 * 4.0 * kl(soft, tf.nn.softmax(logits / 2.0))
    grads = tape.gradient(loss, student.trainable_variables)
    s_opt.apply_gradients(zip(grads, student.trainable_variables))
    return loss


for i in range(30):
    loss = distil(x, y)
    if i % 10 == 0:
        print(i, float(loss))
