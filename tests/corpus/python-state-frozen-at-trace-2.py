import tensorflow as tf

tf.random.set_seed(137)
theta = tf.Variable(tf.random.normal((5, 1)), name="theta")
x = tf.random.normal((80, 5))
y = x @ tf.constant([[1.0], [-1.0], [0.5], [0.0], [2.0]])
rate = 0.2
updates = 0


@tf.function
def descend():
    global rate, updates
    updates += 1
    rate = rate * 0.9
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean(tf.square(x @ theta - y))
    theta.assign_sub(rate * tape.gradient(cost, theta))
    return cost


for i in range(30):
    cost = descend()
print(f"after {updates} updates with rate {rate:.4f}: {cost.numpy():.5f}")
