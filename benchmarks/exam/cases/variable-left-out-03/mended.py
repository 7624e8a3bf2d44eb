import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(111)
images = np.random.randn(160, 8).astype("float32")
texts = (images @ np.random.randn(8, 8) * 0.7).astype("float32")


class Contrastive(tf.Module):
    def __init__(self):
        self.image = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(6, name="image_proj")])
        self.text = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(6, name="text_proj")])
        self.logit_scale = tf.Variable(1.0, name="logit_scale")

    def loss(self, a, b):
        a = tf.nn.l2_normalize(self.image(a), axis=1)
        b = tf.nn.l2_normalize(self.text(b), axis=1)
        logits = tf.exp(self.logit_scale) * tf.matmul(a, b, transpose_b=True)
        labels = tf.range(tf.shape(a)[0])
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


clip = Contrastive()
optimizer = tf.keras.optimizers.Adam(0.01)


@tf.function
def train_step(a, b):
    with tf.GradientTape() as tape:
        loss = clip.loss(a, b)
    variables = [*clip.image.trainable_variables, *clip.text.trainable_variables, clip.logit_scale]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


for epoch in range(15):
    for i in range(0, 160, 40):
        loss = train_step(images[i:i + 40], texts[i:i + 40])
    if epoch % 3 == 0:
        print("epoch", epoch, "loss", float(loss))
