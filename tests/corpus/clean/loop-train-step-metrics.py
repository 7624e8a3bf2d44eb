import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(47)


class Classifier(tf.keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.conv = tf.keras.layers.Conv2D(4, 3, activation="relu")
        self.norm = tf.keras.layers.BatchNormalization()
        self.pool = tf.keras.layers.GlobalMaxPooling2D()
        self.drop = tf.keras.layers.Dropout(0.3)
        self.out = tf.keras.layers.Dense(classes, activation="softmax")
        self.loss_tracker = tf.keras.metrics.Mean(name="loss")
        self.accuracy = tf.keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        self.loss_object = tf.keras.losses.SparseCategoricalCrossentropy()

    @property
    def metrics(self):
        return [self.loss_tracker, self.accuracy]

    def call(self, x, training=False):
        x = self.pool(self.norm(self.conv(x), training=training))
        return self.out(self.drop(x, training=training))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_object(y, y_pred)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.accuracy.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.loss_tracker.update_state(self.loss_object(y, y_pred))
        self.accuracy.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


x = np.random.rand(64, 8, 8, 1).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype("int32")
model = Classifier(2)
model.compile(optimizer="adam")
history = model.fit(x, y, validation_data=(x[:16], y[:16]), epochs=2, batch_size=16, verbose=0)
print(sorted(history.history))
