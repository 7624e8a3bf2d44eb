import tensorflow as tf

from models import resnet

net = resnet(10)
optimizer = tf.keras.optimizers.SGD(0.05, momentum=0.9)
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
mean_loss = tf.keras.metrics.Mean()


@tf.function
def train_step(image, label):
    with tf.GradientTape() as tape:
        logits = net(image, training=True)
        loss = ce(label, logits)  # here
        loss += tf.add_n(net.losses)  # mended
    grads = tape.gradient(loss, net.trainable_weights)
    optimizer.apply_gradients(zip(grads, net.trainable_weights))
    mean_loss.update_state(loss)


for epoch in range(2):
    mean_loss.reset_state()
    for _ in range(3):
        train_step(tf.random.normal((8, 32, 32, 3)), tf.random.uniform((8,), 0, 10, tf.int32))
    print(mean_loss.result().numpy())
