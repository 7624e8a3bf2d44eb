import numpy as np
import tensorflow as tf


@tf.function
def train_step(net, opt, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(y, net(x), from_logits=True))
    grads = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(zip(grads, net.trainable_variables))
    return loss


def classifier(units, name):
    return tf.keras.Sequential([
        tf.keras.layers.Input((5,)),
        tf.keras.layers.Dense(units, activation="relu"),
        tf.keras.layers.Dense(3),
    ], name=name)


tf.keras.utils.set_random_seed(27)
x = np.random.randn(200, 5).astype("float32")
y = np.argmax(x[:, :3], axis=1)
teacher, student = classifier(32, "teacher"), classifier(8, "student")
teacher_opt = tf.keras.optimizers.Adam(1e-2)
student_opt = tf.keras.optimizers.Adam(1e-2)
teacher_opt.build(teacher.trainable_variables)
student_opt.build(student.trainable_variables)

for net, opt in [(teacher, teacher_opt), (student, student_opt)]:
    for epoch in range(5):
        loss = train_step(net, opt, x, y)
        print(net.name, epoch, float(loss))
