import tensorflow as tf

tf.keras.utils.set_random_seed(28)
primal = tf.Variable([1.0, -2.0], name="primal")
multiplier = tf.Variable(0.1, name="multiplier")
learning_rate = 0.05
target = tf.constant([2.0, 1.0])


@tf.function
def train_step():
    with tf.GradientTape() as tape:
        objective = tf.reduce_sum(tf.square(primal - target))
        excess = tf.reduce_sum(primal) - 1.0
        lagrangian = objective + multiplier * excess
    d_primal, d_multiplier = tape.gradient(lagrangian, [primal, multiplier])
    primal.assign_sub(learning_rate * d_primal)
    multiplier.assign_add(learning_rate * d_multiplier)
    return objective, excess


for step in range(80):
    objective, excess = train_step()
print(float(objective), float(excess), float(multiplier))
