"""PPO with generalised advantages on a small pole that has to be kept upright."""
from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from tensorflow import keras


@dataclass
class PPOConfig:
    total_updates: int = 6
    horizon: int = 128
    minibatch: int = 32
    epochs: int = 3
    gamma: float = 0.97
    lam: float = 0.9
    clip_ratio: float = 0.2
    entropy_coef: float = 0.01
    value_coef: float = 0.5
    max_grad_norm: float = 0.5
    lr: float = 3e-3
    hidden: tuple = field(default=(32, 32))


class Pole:
    """Two numbers, angle and speed; actions push left or right."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def reset(self):
        self.state = self.rng.uniform(-0.1, 0.1, 2)
        self.t = 0
        return self.state.astype(np.float32)

    def step(self, action: int):
        angle, speed = self.state
        speed = speed + 0.08 * angle + (0.06 if action else -0.06)
        angle = angle + speed
        self.state = np.array([angle, speed])
        self.t += 1
        fell = abs(angle) > 1.0
        return self.state.astype(np.float32), 0.0 if fell else 1.0, fell or self.t >= 60


def build_actor_critic(cfg: PPOConfig) -> keras.Model:
    obs = keras.Input((2,))
    h = obs
    for width in cfg.hidden:
        h = keras.layers.Dense(width, activation="tanh")(h)
    logits = keras.layers.Dense(2, name="policy")(h)
    value = keras.layers.Dense(1, name="value")(h)
    return keras.Model(obs, [logits, value])


class Agent:
    def __init__(self, cfg: PPOConfig):
        self.cfg = cfg
        self.net = build_actor_critic(cfg)
        self.optimizer = keras.optimizers.Adam(cfg.lr, epsilon=1e-5)

    def act(self, obs: np.ndarray, rng: np.random.Generator):
        logits, value = self.net(obs[None])
        p = tf.nn.softmax(logits)[0].numpy().astype(np.float64)
        action = int(rng.choice(2, p=p / p.sum()))
        return action, float(np.log(p[action])), float(value[0, 0])

    @tf.function
    def _minibatch(self, obs, actions, old_logp, advantages, returns):
        cfg = self.cfg
        with tf.GradientTape() as tape:
            logits, values = self.net(obs)
            logp_all = tf.nn.log_softmax(logits)
            logp = tf.gather(logp_all, actions, axis=1, batch_dims=1)
            ratio = tf.exp(logp - old_logp)
            clipped = tf.clip_by_value(ratio, 1 - cfg.clip_ratio, 1 + cfg.clip_ratio)
            policy_loss = -tf.reduce_mean(tf.minimum(ratio * advantages, clipped * advantages))
            value_loss = tf.reduce_mean(tf.square(tf.squeeze(values, -1) - returns))
            entropy = -tf.reduce_mean(tf.reduce_sum(tf.exp(logp_all) * logp_all, axis=-1))
            loss = policy_loss + cfg.value_coef * value_loss - cfg.entropy_coef * entropy
        variables = self.net.trainable_variables
        grads = tape.gradient(loss, variables)
        grads, norm = tf.clip_by_global_norm(grads, cfg.max_grad_norm)
        self.optimizer.apply_gradients(zip(grads, variables))
        return loss, norm

    def update(self, batch: dict[str, np.ndarray], rng: np.random.Generator):
        n = len(batch["obs"])
        losses = []
        for _ in range(self.cfg.epochs):
            order = rng.permutation(n)
            for start in range(0, n, self.cfg.minibatch):
                index = order[start:start + self.cfg.minibatch]
                part = {k: tf.convert_to_tensor(v[index]) for k, v in batch.items()}
                loss, _ = self._minibatch(part["obs"], part["actions"], part["logp"], part["adv"], part["ret"])
                losses.append(float(loss))
        return float(np.mean(losses))


def estimate(rewards, values, dones, last, gamma, lam):
    adv = np.zeros_like(rewards)
    running = 0.0
    for t in reversed(range(len(rewards))):
        following = last if t == len(rewards) - 1 else values[t + 1]
        alive = 1.0 - dones[t]
        delta = rewards[t] + gamma * following * alive - values[t]
        running = delta + gamma * lam * alive * running
        adv[t] = running
    return adv, adv + values


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args(argv)
    keras.utils.set_random_seed(args.seed)
    cfg = PPOConfig(total_updates=args.updates)
    rng = np.random.default_rng(args.seed)
    env, agent = Pole(args.seed), Agent(cfg)
    obs = env.reset()
    for update in range(cfg.total_updates):
        frac = 1.0 - update / cfg.total_updates
        agent.optimizer.learning_rate = frac * cfg.lr
        store = {k: [] for k in ("obs", "actions", "logp", "values", "rewards", "dones")}
        for _ in range(cfg.horizon):
            action, logp, value = agent.act(obs, rng)
            following, reward, done = env.step(action)
            for k, v in zip(store, (obs, action, logp, value, reward, float(done))):
                store[k].append(v)
            obs = env.reset() if done else following
        last = float(agent.net(obs[None])[1][0, 0])
        values = np.array(store["values"], np.float32)
        adv, ret = estimate(np.array(store["rewards"], np.float32), values, store["dones"], last, cfg.gamma, cfg.lam)
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
        batch = {
            "obs": np.array(store["obs"], np.float32), "actions": np.array(store["actions"], np.int32),
            "logp": np.array(store["logp"], np.float32), "adv": adv.astype(np.float32), "ret": ret.astype(np.float32),
        }
        loss = agent.update(batch, rng)
        print(f"update {update} loss {loss:.4f} falls {int(sum(store['dones']))}")


if __name__ == "__main__":
    main()
