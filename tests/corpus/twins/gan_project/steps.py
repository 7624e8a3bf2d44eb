import tensorflow as tf

bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def generator_loss(fake_logits):
    return bce(tf.ones_like(fake_logits), fake_logits)


def critic_loss(real_logits, fake_logits):
    return bce(tf.ones_like(real_logits), real_logits) + bce(tf.zeros_like(fake_logits), fake_logits)


def update(optimizer, tape, loss, model, owner):
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, owner.trainable_variables))  # here
