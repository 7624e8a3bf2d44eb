import tensorflow as tf

tf.keras.utils.set_random_seed(23)
student = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
teacher = tf.keras.models.clone_model(student)
teacher.set_weights(student.get_weights())
teacher.trainable = False
mixing = tf.Variable([0.25, 0.25, 0.25, 0.25], name="mixing")
optimizer = tf.keras.optimizers.Adam(0.01)
x = tf.random.normal((32, 4))
y = tf.reduce_sum(x, axis=1, keepdims=True)


def update_teacher(decay=0.9):
    for ours, theirs in zip(teacher.weights, student.weights):
        ours.assign(decay * ours + (1.0 - decay) * theirs)


@tf.function
def train_step(x, y):
    variables = student.trainable_variables + [mixing]
    with tf.GradientTape() as tape:
        weighted = x * mixing * 4.0
        agreement = tf.reduce_mean(tf.square(student(weighted, training=True) - teacher(x, training=False)))
        loss = tf.reduce_mean(tf.square(student(weighted, training=True) - y)) + 0.1 * agreement
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    mixing.assign(tf.maximum(mixing, 0.0) / tf.reduce_sum(tf.maximum(mixing, 0.0)))
    return loss


for step in range(10):
    loss = train_step(x, y)
    update_teacher()
print(float(loss), mixing.numpy().round(3))
