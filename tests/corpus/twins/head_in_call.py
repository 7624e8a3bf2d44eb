import tensorflow as tf
from tensorflow.keras import Model
from tensorflow.keras.layers import Conv2D, Dense, GlobalMaxPooling2D


class Pyramid(Model):
    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        self.stem = Conv2D(16, 3, strides=2, activation="relu")
        self.stages = [Conv2D(w, 3, padding="same", activation="relu") for w in (16, 32)]
        self.heads = [Dense(classes) for _ in self.stages]  # mended

    def classify(self, features, i):
        pooled = GlobalMaxPooling2D()(features)
        return Dense(self.classes)(pooled)  # stuck
        return self.heads[i](pooled)  # mended

    def call(self, x, training=None):
        x = self.stem(x)
        scores = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            scores.append(self.classify(x, i))
        return tf.add_n(scores)


model = Pyramid(4)
sgd = tf.keras.optimizers.SGD(0.01)
for _ in range(4):
    x, y = tf.random.normal((8, 32, 32, 3)), tf.random.uniform((8,), 0, 4, tf.int32)
    with tf.GradientTape() as t:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True)))
    sgd.apply_gradients(zip(t.gradient(loss, model.trainable_variables), model.trainable_variables))
