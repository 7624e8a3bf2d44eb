import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(8)


class WGAN:
    def __init__(self, critic_steps=3):
        self.critic_steps = critic_steps
        self.generator = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2)])
        self.critic = keras.Sequential([keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
        self.generator_optimizer = keras.optimizers.RMSprop(5e-4)
        self.critic_optimizer = keras.optimizers.RMSprop(5e-4)

    def gradient_penalty(self, real, fake):
        mix = tf.random.uniform((tf.shape(real)[0], 1))
        points = mix * real + (1.0 - mix) * fake
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = self.critic(points, training=True)
        slope = tape.gradient(score, points)
        norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=1) + 1e-12)
        return tf.reduce_mean(tf.square(norm - 1.0))

    @tf.function
    def critic_step(self, real):
        noise = tf.random.normal((tf.shape(real)[0], 3))
        with tf.GradientTape() as tape:
            fake = self.generator(noise, training=True)
            loss = tf.reduce_mean(self.critic(fake, training=True)) - tf.reduce_mean(self.critic(real, training=True))
            loss += 10.0 * self.gradient_penalty(real, fake)
        gradients = tape.gradient(loss, self.critic.trainable_variables)
        self.critic_optimizer.apply_gradients(zip(gradients, self.critic.trainable_variables))
        return loss

    @tf.function
    def generator_step(self, size):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.critic(self.generator(tf.random.normal((size, 3)), training=True)))
        gradients = tape.gradient(loss, self.generator.trainable_variables)
        self.generator_optimizer.apply_gradients(zip(gradients, self.generator.trainable_variables))
        return loss

    def train(self, dataset):
        for i, real in enumerate(dataset):
            critic_loss = self.critic_step(real)
            if (i + 1) % self.critic_steps == 0:
                generator_loss = self.generator_step(16)
        return critic_loss, generator_loss


real = tf.random.normal((96, 2)) + tf.constant([1.0, -1.0])
print(*[float(v) for v in WGAN().train(tf.data.Dataset.from_tensor_slices(real).batch(16))])
