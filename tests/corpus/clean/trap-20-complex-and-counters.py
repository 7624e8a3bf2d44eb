import tensorflow as tf

tf.random.set_seed(34)
phases = tf.Variable(tf.random.uniform((4,)), name="phases")
field = tf.Variable(tf.complex(tf.ones((4,)), tf.zeros((4,))), name="field")
counter = tf.Variable(0, trainable=False, dtype=tf.int64, name="counter")
optimizer = tf.keras.optimizers.SGD(0.05)
wanted = tf.constant([1 + 1j, 1 - 1j, -1 + 1j, 0.5j], tf.complex64)


@tf.function
def train_step():
    counter.assign_add(1)
    with tf.GradientTape() as tape:
        produced = field * tf.exp(tf.complex(tf.zeros_like(phases), phases))
        loss = tf.reduce_sum(tf.abs(produced - wanted) ** 2)
    d_phases, d_field = tape.gradient(loss, [phases, field])
    optimizer.apply_gradients([(d_phases, phases)])
    field.assign_sub(0.05 * d_field)
    return loss


for _ in range(20):
    loss = train_step()
print(float(loss), int(counter))
