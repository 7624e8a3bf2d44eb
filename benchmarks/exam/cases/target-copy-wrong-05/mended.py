import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(41)


def encoder(name):
    return keras.Sequential([keras.Input((10,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(8)], name=name)


student, teacher = encoder("student"), encoder("teacher")
predictor = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)], name="predictor")
for t, s in zip(teacher.variables, student.variables):
    t.assign(s)
opt = keras.optimizers.SGD(0.05, momentum=0.9)
MOMENTUM = 0.98


def views(x):
    return x + tf.random.normal(tf.shape(x), stddev=0.1), x * tf.random.uniform(tf.shape(x), 0.8, 1.2)


def drag_teacher():
    mixed = [MOMENTUM * t + (1 - MOMENTUM) * s for t, s in zip(teacher.variables, student.variables)]
    for t, value in zip(teacher.variables, mixed):
        t.assign(value)


@tf.function
def epoch(data):
    last = tf.constant(0.0)
    for x in data:
        a, b = views(x)
        with tf.GradientTape() as tape:
            p = tf.math.l2_normalize(predictor(student(a)), axis=-1)
            z = tf.math.l2_normalize(tf.stop_gradient(teacher(b)), axis=-1)
            last = 2.0 - 2.0 * tf.reduce_mean(tf.reduce_sum(p * z, axis=-1))
        mine = student.trainable_variables + predictor.trainable_variables
        grads = tape.gradient(last, mine)
        grads = [tf.clip_by_norm(g, 1.0) for g in grads]
        opt.apply_gradients(zip(grads, mine))
        drag_teacher()
    return last


x = np.random.randn(400, 10).astype("float32")
stream = tf.data.Dataset.from_tensor_slices(x).batch(40)
for i in range(4):
    print(i, float(epoch(stream)))
