import tensorflow as tf

base = tf.keras.Sequential([
    tf.keras.layers.Input(shape=(12, 12, 1)),
    tf.keras.layers.Conv2D(8, 3, activation='relu'),
    tf.keras.layers.Conv2D(8, 3, activation='relu'),
    tf.keras.layers.GlobalMaxPooling2D(),
], name='base')
base.trainable = False

model = tf.keras.Sequential([base, tf.keras.layers.Dense(16, activation='relu', name='fc'),
                             tf.keras.layers.Dense(3, name='logits')])
loss_object = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(1e-2)
train_loss = tf.keras.metrics.Mean(name='train_loss')

tf.random.set_seed(1)
images = tf.random.normal([240, 12, 12, 1])
labels = tf.cast(tf.reduce_mean(images, axis=[1, 2, 3]) * 12 > 0, tf.int32)
train_ds = tf.data.Dataset.from_tensor_slices((images, labels)).batch(24)


def train(images, labels):
    with tf.GradientTape() as tape:
        predictions = model(images, training=True)
        loss = loss_object(labels, predictions)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    train_loss(loss)


EPOCHS = 2
for epoch in range(EPOCHS):
    for image_batch, label_batch in train_ds:
        train(image_batch, label_batch)
    print('Epoch {}, Loss: {}'.format(epoch + 1, train_loss.result()))
    train_loss.reset_state()
