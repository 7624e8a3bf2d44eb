import numpy as np
import tensorflow as tf

K = tf.keras


def network(width, classes, name):
    return K.Sequential([K.Input((10, 10, 1)), K.layers.Conv2D(width, 3, name=f"{name}_conv"),
                         K.layers.BatchNormalization(name=f"{name}_norm"), K.layers.ReLU(), K.layers.Flatten(),
                         K.layers.Dense(classes, name=f"{name}_out")], name=name)


class Source:
    def __init__(self, n, batch, seed):
        rng = np.random.default_rng(seed)
        self.y = rng.integers(0, 3, n)
        self.x = rng.normal(0, 0.5, (n, 10, 10, 1)).astype("float32")
        for i, label in enumerate(self.y):
            self.x[i, label * 3:label * 3 + 3, 2:8] += 1.0
        self.batch = batch

    def __iter__(self):
        order = np.random.permutation(len(self.y))
        for i in range(0, len(order) - self.batch + 1, self.batch):
            pick = order[i:i + self.batch]
            yield self.x[pick], self.y[pick].astype("int32")


K.utils.set_random_seed(19)
source = Source(256, 32, 19)
teacher, student = network(12, 3, "teacher"), network(3, 3, "student")
teacher.compile(K.optimizers.Adam(0.01), K.losses.SparseCategoricalCrossentropy(from_logits=True))
teacher.fit(source.x, source.y, epochs=4, batch_size=32, verbose=0)
teacher.trainable = False
optimizer = K.optimizers.Adam(0.01)
hard = K.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def distil(x, y, temperature=3.0, alpha=0.3):
    soft_target = tf.nn.softmax(teacher(x, training=False) / temperature)
    with tf.GradientTape() as tape:
        logits = student(x, training=True)
        soft = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(soft_target, logits / temperature))
        loss = alpha * hard(y, logits) + (1 - alpha) * temperature ** 2 * soft
    grads = tape.gradient(loss, student.trainable_variables)
    optimizer.apply_gradients(zip(grads, student.trainable_variables))
    return loss


batches = iter(source)
for epoch in range(4):
    losses = [float(distil(x, y)) for x, y in batches]
    accuracy = np.mean(np.argmax(student(source.x), 1) == source.y)
    print("epoch", epoch, "batches", len(losses), "loss", sum(losses) / max(1, len(losses)), "accuracy", accuracy)
