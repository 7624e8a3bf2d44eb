"""The model is called for training without `training=True`.

Outside `fit` a model runs in inference mode unless told otherwise. Dropout does
nothing, and BatchNormalization normalises by its moving statistics, which stay at
their initial values. Nothing warns; the model overfits, or is poor when used.

## Bad

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(4),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Good

```python
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(4),
    ]
)


def step(optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
```

## Fix

Pass `training=True`, and hand the flag on in the `call` of own layers. Unsafe:
inference mode may be meant.

## Not this fault

- `training=False` written out: a decision.
- A model without dropout, normalisation or other layers that care.
- A frozen BatchNormalization: inference mode by design, with the flag too.
- A call for evaluation, for targets, or of a second network that is not trained.

## Sources

- Keras 3.15.1, `Layer.__call__`, and tf-keras 2.21.0, `base_layer.py`: without a flag,
  and outside `fit`, `training` is false.
- https://github.com/tensorflow/tensorflow/issues/32864
- https://github.com/philipperemy/keras-tcn/pull/67
- https://github.com/deepchem/deepchem/pull/1787
"""

from __future__ import annotations

from ..fault import Fault

FAULT = Fault("GP706", "training-flag-missing", __doc__)
