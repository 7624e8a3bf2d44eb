import numpy as np
import tensorflow as tf

ASSETS = 5


class Portfolio(tf.Module):
    def __init__(self):
        super().__init__()
        self.tilt = tf.Variable(tf.zeros(ASSETS), name="tilt")

    def holdings(self):
        return tf.nn.softmax(self.tilt)


def annual(daily, days=252):
    return daily * days


def risk(returns):
    return annual(tf.math.reduce_variance(returns))


def utility(portfolio, market, aversion):
    returns = tf.linalg.matvec(market, portfolio.holdings())
    return annual(tf.reduce_mean(returns)) - aversion / 2 * risk(returns)


rng = np.random.default_rng(33)
market = (rng.normal(size=(500, ASSETS)) * [0.004, 0.008, 0.012, 0.02, 0.03]
          + [0.0002, 0.0004, 0.0005, 0.0008, 0.0009]).astype("float32")
portfolio = Portfolio()
for step in range(120):
    with tf.GradientTape() as tape:
        loss = -utility(portfolio, market, aversion=8.0)
    (slope,) = tape.gradient(loss, portfolio.trainable_variables)
    portfolio.tilt.assign_sub(2.0 * slope)
    if step % 20 == 0:
        print(step, f"{-loss:.4f}", np.round(portfolio.holdings().numpy(), 3))
