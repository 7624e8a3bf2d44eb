import numpy as np
import tensorflow as tf


class Controller:
    def __init__(self, hidden=16, rate=0.02):
        g = tf.random.Generator.from_seed(7)
        self.w = tf.Variable(g.normal([2, hidden], stddev=0.4), name="w")
        self.b = tf.Variable(tf.zeros([hidden]), name="b")
        self.v = tf.Variable(g.normal([hidden, 1], stddev=0.4), name="v")
        self.rate = rate
        self.velocity = [tf.Variable(tf.zeros_like(p), trainable=False) for p in self.params]
        self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.last_cost = None

    @property
    def params(self):
        return [self.w, self.b, self.v]

    def policy(self, state):
        return tf.matmul(tf.tanh(tf.matmul(state, self.w) + self.b), self.v)

    def rollout(self, state, horizon=15):
        cost = 0.0
        for _ in range(horizon):
            force = self.policy(state)
            position, speed = tf.split(state, 2, axis=1)
            speed = 0.95 * speed + 0.3 * force - 0.1 * position
            state = tf.concat([position + 0.3 * speed, speed], axis=1)
            cost += tf.reduce_mean(tf.square(state[:, :1])) + 0.01 * tf.reduce_mean(tf.square(force))
        return cost / horizon

    @tf.function
    def improve(self, state):
        with tf.GradientTape() as tape:
            cost = self.rollout(state)
        grads = tape.gradient(cost, self.params)
        for p, g, m in zip(self.params, grads, self.velocity):
            m.assign(0.9 * m + g)
            p.assign_sub(self.rate * m)
        self.steps.assign_add(1)
        return cost


control = Controller()
rng = np.random.default_rng(7)
start = tf.constant(rng.normal(size=(64, 2)), tf.float32)
trace = []
for i in range(60):
    cost = control.improve(start)
    trace.append(float(cost))
    if i % 15 == 14:
        print("iteration", int(control.steps), "cost", np.mean(trace[-15:]).round(4))
