import tensorflow as tf

tf.random.set_seed(22)
generator = tf.random.Generator.from_seed(22)


def log_density(q):
    return -0.5 * tf.reduce_sum(tf.square(q - 1.0))


def slope(q):
    with tf.GradientTape() as tape:
        tape.watch(q)
        value = log_density(q)
    return tape.gradient(value, q)


@tf.function
def leapfrog(q, p, size=0.2, steps=5):
    p = p + 0.5 * size * slope(q)
    for _ in range(steps):
        q = q + size * p
        p = p + size * slope(q)
    return q, p - 0.5 * size * slope(q)


q = tf.zeros((3,))
for draw in range(20):
    p = generator.normal((3,))
    proposal, momentum = leapfrog(q, p)
    gain = log_density(proposal) - log_density(q) + 0.5 * (tf.reduce_sum(p**2) - tf.reduce_sum(momentum**2))
    if tf.math.log(generator.uniform(())) < gain:
        q = proposal
print(q.numpy())
