import tensorflow as tf

tf.random.set_seed(3)


class Adam(tf.Module):
    def __init__(self, variables, lr, b1=0.9, b2=0.999, decay=1e-2, clip=1.0):
        super().__init__()
        self.vars = list(variables)
        self.m = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.vars]
        self.v = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.vars]
        self.t = tf.Variable(0.0, trainable=False)
        self.lr, self.b1, self.b2, self.decay, self.clip = lr, b1, b2, decay, clip

    def apply(self, grads):
        self.t.assign_add(1.0)
        grads, _ = tf.clip_by_global_norm(grads, self.clip)
        warm = tf.minimum(1.0, self.t / 10.0)
        for g, p, m, v in zip(grads, self.vars, self.m, self.v):
            m.assign(self.b1 * m + (1 - self.b1) * g)
            v.assign(self.b2 * v + (1 - self.b2) * g * g)
            mh = m / (1 - self.b1**self.t)
            vh = v / (1 - self.b2**self.t)
            p.assign_sub(warm * self.lr * (mh / (tf.sqrt(vh) + 1e-8) + self.decay * p))


class MLP(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal((6, 16)) * 0.3)
        self.b = tf.Variable(tf.zeros(16))
        self.o = tf.Variable(tf.random.normal((16, 3)) * 0.3)

    @tf.Module.with_name_scope
    def __call__(self, x):
        return tf.nn.gelu(x @ self.w + self.b) @ self.o


net = MLP()
adam = Adam(net.trainable_variables, 0.02)
ema = [tf.Variable(v, trainable=False) for v in net.trainable_variables]
x = tf.random.normal((240, 6))
y = tf.argmax(x[:, :3], axis=1)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(240, seed=1).batch(48)


@tf.function
def epoch(dataset):
    last = 0.0
    for xb, yb in dataset:
        with tf.GradientTape() as tape:
            last = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(yb, net(xb)))
        adam.apply(tape.gradient(last, net.trainable_variables))
        for e, v in zip(ema, net.trainable_variables):
            e.assign(0.95 * e + 0.05 * v)
    return last


for i in range(10):
    print(i, float(epoch(data)))
