import os
import tempfile
import tensorflow as tf

folder = tempfile.mkdtemp()


def build():
    tf.keras.utils.set_random_seed(2)
    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    ckpt = tf.train.Checkpoint(model=model, optimizer=optimizer, step=step)
    return model, optimizer, step, tf.train.CheckpointManager(ckpt, folder, 2), ckpt


x = tf.random.normal((128, 4), seed=1); y = tf.reduce_sum(x**2, 1, keepdims=True)


def run(steps):
    model, optimizer, step, manager, ckpt = build()
    if manager.latest_checkpoint:
        ckpt.restore(manager.latest_checkpoint).assert_existing_objects_matched()

    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        step.assign_add(1)
        return loss

    for _ in range(steps):
        loss = train()
    manager.save(int(step))
    print(int(step), float(loss))


run(20)
run(20)
