import tensorflow as tf
from tensorflow.keras import layers as L

tf.keras.utils.set_random_seed(104)


def build_segmenter():
    image = L.Input((8, 8, 2))
    h = L.Conv2D(6, 3, padding="same")(image)
    h = L.BatchNormalization()(h)
    h = L.ReLU()(h)
    return tf.keras.Model(image, L.Conv2D(1, 1)(h))


net = build_segmenter()
sgd = tf.keras.optimizers.SGD(0.05, momentum=0.9)
images = tf.random.normal((16, 8, 8, 2))
masks = tf.cast(images[..., :1] > images[..., 1:], tf.float32)


@tf.function
def fit_batch(images, masks):
    with tf.GradientTape() as tape:
        logits = net(images, training=True)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=masks, logits=logits))
    every = net.weights
    sgd.apply_gradients(zip(tape.gradient(loss, every), every))
    return loss


for step in range(10):
    print(step, float(fit_batch(images, masks)))
