import tensorflow as tf

tf.keras.utils.set_random_seed(9)
actor = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="tanh"), tf.keras.layers.Dense(1)])
actor_optimizer = tf.keras.optimizers.Adam(1e-3)
critic_optimizer = tf.keras.optimizers.Adam(1e-3)
states = tf.random.normal((32, 4))
actions = tf.random.uniform((32,), maxval=2, dtype=tf.int32)
returns = tf.reduce_sum(states, axis=1)


def update(states, actions, returns):
    with tf.GradientTape(persistent=True) as tape:
        logits = actor(states)
        values = tf.squeeze(critic(states), axis=1)
        advantage = tf.stop_gradient(returns - values)
        negative_log = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
        actor_loss = tf.reduce_mean(negative_log * advantage)
        critic_loss = tf.reduce_mean(tf.square(returns - values))
    actor_gradients = tape.gradient(actor_loss, actor.trainable_variables)
    critic_gradients = tape.gradient(critic_loss, critic.trainable_variables)
    del tape
    actor_optimizer.apply_gradients(zip(actor_gradients, actor.trainable_variables))
    critic_optimizer.apply_gradients(zip(critic_gradients, critic.trainable_variables))
    return actor_loss, critic_loss


for step in range(8):
    a, c = update(states, actions, returns)
    print(f"{step}: actor {a.numpy():+.4f} critic {c.numpy():.4f}")
