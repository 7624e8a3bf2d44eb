"""MoCo: keys of earlier batches wait in a queue, which is a variable and no weight."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(30)
DIM, QUEUE, BATCH = 8, 256, 32


class MoCo(tf.Module):
    def __init__(self):
        super().__init__()
        make = lambda: keras.Sequential(
            [keras.layers.Input((10,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(DIM)]
        )
        self.query = make()
        self.key = make()
        self.key.set_weights(self.query.get_weights())
        self.queue = tf.Variable(tf.math.l2_normalize(tf.random.normal((QUEUE, DIM)), axis=1), trainable=False)
        self.pointer = tf.Variable(0, dtype=tf.int32, trainable=False)
        self.optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
        self.optimizer.build(self.query.trainable_variables)

    @tf.function
    def train(self, a, b):
        for k, q in zip(self.key.trainable_variables, self.query.trainable_variables):
            k.assign(0.99 * k + 0.01 * q)
        keys = tf.math.l2_normalize(self.key(b, training=True), axis=1, epsilon=1e-8)
        with tf.GradientTape() as tape:
            q = tf.math.l2_normalize(self.query(a, training=True), axis=1, epsilon=1e-8)
            pos = tf.reduce_sum(q * keys, axis=1, keepdims=True)
            neg = tf.matmul(q, self.queue, transpose_b=True)
            logits = tf.concat([pos, neg], axis=1) / 0.2
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros((BATCH,), tf.int32), logits)
            )
        g = tape.gradient(loss, self.query.trainable_variables)
        self.optimizer.apply_gradients(zip(g, self.query.trainable_variables))
        rows = (self.pointer + tf.range(BATCH)) % QUEUE
        self.queue.scatter_nd_update(rows[:, None], keys)
        self.pointer.assign((self.pointer + BATCH) % QUEUE)
        return loss


moco = MoCo()
losses = []
for _ in range(150):
    base = tf.random.normal((BATCH, 10))
    losses.append(float(moco.train(base + 0.1 * tf.random.normal(base.shape), base + 0.1 * tf.random.normal(base.shape))))
print("loss", sum(losses[:20]) / 20)
print("loss", sum(losses[-20:]) / 20)
