import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(20)
inputs = tf.keras.Input((8, 8, 1))
features = tf.keras.layers.Conv2D(4, 3, activation="relu", name="features")(inputs)
pooled = tf.keras.layers.GlobalAveragePooling2D()(features)
scores = tf.keras.layers.Dense(3)(pooled)
model = tf.keras.Model(inputs, scores)
grad_model = tf.keras.Model(inputs, [model.get_layer("features").output, model.output])


def saliency(image):
    image = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        top = tf.reduce_max(model(image), axis=1)
    return tf.reduce_max(tf.abs(tape.gradient(top, image)), axis=-1)


def grad_cam(image, index):
    with tf.GradientTape() as tape:
        maps, scores = grad_model(image)
        score = scores[:, index]
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))


def fast_gradient_sign(image, label, epsilon=0.05):
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = tf.keras.losses.sparse_categorical_crossentropy(label, model(image), from_logits=True)
    return image + epsilon * tf.sign(tape.gradient(loss, image))


image = tf.constant(np.random.rand(2, 8, 8, 1), tf.float32)
label = tf.constant([0, 1])
print(saliency(image).shape, grad_cam(image, 1).shape, float(tf.reduce_mean(fast_gradient_sign(image, label))))
