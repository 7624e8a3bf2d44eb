import tensorflow as tf

tf.keras.utils.set_random_seed(24)
critic = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)])
generator = tf.keras.layers.Dense(2)
critic_optimizer = tf.keras.optimizers.RMSprop(0.005)
generator_optimizer = tf.keras.optimizers.RMSprop(0.005)
real = tf.random.normal((32, 2)) + 1.0
for step in range(6):
    for _ in range(2):
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal((32, 2)))
            loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
        gradients = tape.gradient(loss, critic.trainable_variables)
        critic_optimizer.apply_gradients(zip(gradients, critic.trainable_variables))
        for weight in critic.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -0.1, 0.1))
    with tf.GradientTape() as tape:
        score = -tf.reduce_mean(critic(generator(tf.random.normal((32, 2)))))
    gradients = tape.gradient(score, generator.trainable_variables)
    generator_optimizer.apply_gradients(zip(gradients, generator.trainable_variables))
print(float(loss), float(score))
