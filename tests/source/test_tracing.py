"""What a traced function reads once and makes at every call."""

from __future__ import annotations

from marks import assert_findings


def test_python_state_that_changes_outside():
    """The traced step keeps the value it had while tracing."""
    assert_findings("""
        class Trainer:
            def __init__(self):
                self.weight = 0.0
                self.scale = tf.Variable(1.0, trainable=False)

            @tf.function
            def step(self):
                with tf.GradientTape() as tape:
                    loss = self.scale * self.weight * tf.reduce_mean(model(x))  # GP601
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))

            def fit(self):
                for epoch in range(5):
                    self.weight = epoch / 5
                    self.scale.assign(0.9 * self.scale)
                    self.step()


        Trainer().fit()
    """)


def test_python_state_that_changes_inside():
    """A counter in the step counts traces."""
    assert_findings("""
        class Counter(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)
                self.seen = 0

            def call(self, inputs):
                return self.dense(inputs)

            def train_step(self, data):
                x, y = data
                self.seen += 1  # GP601
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(self(x, training=True) - y)) / self.seen
                gradients = tape.gradient(loss, self.trainable_variables)
                self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                return {"loss": loss}


        counter = Counter()
        counter.compile(optimizer="adam")
        counter.fit(np.zeros((8, 4)), np.zeros((8, 1)), epochs=2)
    """)


def test_state_made_in_the_step():
    """Made once under a guard is right; made at each call is not."""
    assert_findings("""
        slots = None


        @tf.function
        def step():
            global slots
            adam = keras.optimizers.Adam(0.01)  # GP409
            if slots is None:
                slots = tf.Variable(tf.zeros(4))
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(x) - y))
            gradients = tape.gradient(loss, model.trainable_variables)
            adam.apply_gradients(zip(gradients, model.trainable_variables))


        for epoch in range(3):
            step()
    """)


def test_a_flag_that_says_done():
    """What is prepared once is prepared while tracing, and that is all that is meant."""
    assert_findings("""
        class Trainer:
            def __init__(self):
                self.ready = False

            @tf.function
            def step(self):
                if not self.ready:
                    self.ready = True
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(model(x) - y))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))


        trainer = Trainer()
        for epoch in range(3):
            trainer.step()
    """)


def test_state_made_behind_a_decorator_that_runs_it_once():
    """The decorator decides whether the variables are made, not the call."""
    assert_findings("""
        def once(method):
            def wrapper(self, *args):
                if not hasattr(self, "_done"):
                    self._done = True
                    method(self, *args)
            return wrapper


        class Linear(tf.Module):
            @once
            def _prepare(self, inputs):
                self.w = tf.Variable(tf.random.normal((inputs.shape[-1], 1)))

            def __call__(self, inputs):
                self._prepare(inputs)
                return inputs @ self.w


        linear = Linear()


        @tf.function
        def step(inputs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(linear(inputs) ** 2)
            gradients = tape.gradient(loss, linear.trainable_variables)
            optimizer.apply_gradients(zip(gradients, linear.trainable_variables))


        step(x)
    """)


def test_a_property_with_a_setter():
    """Reading it asks the getter, wherever it is read; giving it a value runs the setter."""
    text = """
        class Trainer:
            def __init__(self):
                self._weight = 0.0

            @property
            def weight(self):
                return self._weight{mark}

            @weight.setter
            def weight(self, value):
                self._weight = min(value, 1.0)

            @tf.function
            def step(self):
                with tf.GradientTape() as tape:
                    loss = looked_at(self.weight) * tf.reduce_mean(model(x))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(zip(gradients, model.trainable_variables))

            def fit(self):
                for epoch in range(5):
                    {change}
                    self.step()

        Trainer().fit()
    """
    assert_findings(text.format(mark="", change="pass"))
    assert_findings(text.format(mark="  # GP601", change="self.weight = epoch / 5"))
