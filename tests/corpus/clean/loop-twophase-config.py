import tensorflow as tf

tf.keras.utils.set_random_seed(0)
config = {"lr": 0.1, "inner_lr": 0.1, "decay": 0.7}


class Trainer:
    def __init__(self, model, config):
        self.model, self.config = model, config
        self.lr = config["lr"]
        self.optimizer = tf.keras.optimizers.SGD(self.lr, momentum=0.5)

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(x, training=True) - y))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss

    def adapt(self, w, x, y):
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w - y))
            w.assign_sub(self.config["inner_lr"] * tape.gradient(loss, w))
        return loss


x = tf.random.normal((256, 4))
y = tf.reduce_sum(x, axis=1, keepdims=True)
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
t = Trainer(model, config)
w = tf.Variable(tf.zeros((4, 1)))
for epoch in range(8):
    for i in range(0, 256, 64):
        loss = t.step(x[i : i + 64], y[i : i + 64])
    t.lr *= config["decay"]
    t.optimizer.learning_rate.assign(t.lr)
    config["inner_lr"] *= 0.9
    inner = t.adapt(w, x, y)
    print(epoch, float(loss), float(inner))
