import hashlib

import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(305)
x = np.random.rand(96, 8, 8, 1).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0.5).astype("int32")
model = tf.keras.Sequential([
    tf.keras.Input((8, 8, 1)),
    tf.keras.layers.RandomFlip("horizontal"),
    tf.keras.layers.Conv2D(4, 3),
    tf.keras.layers.BatchNormalization(),
    tf.keras.layers.Activation("relu"),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dropout(0.2),
    tf.keras.layers.Dense(2, activation="softmax"),
])
optimizer = tf.keras.optimizers.RMSprop(0.005)
model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, validation_split=0.25, epochs=3, batch_size=16, verbose=0)
print([float(v).hex() for v in history.history["loss"] + history.history["val_loss"]])
kept = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
digest = hashlib.sha256()
for variable in [*model.variables, *kept]:
    digest.update(variable.numpy().tobytes())
print(digest.hexdigest())
