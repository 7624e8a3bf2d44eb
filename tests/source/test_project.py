"""Reading across the files of a project."""

import textwrap

from gradproof.faults import FAULTS
from gradproof.source import Project, read

STEP = """
    import tensorflow as tf

    def train_step(model, optimizer, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((y - model(x)) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
"""

NET = """
    import keras
    import tensorflow as tf

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.scale = tf.Variable(1.0)

        def call(self, x):
            return self.dense(x) * self.scale
"""


def project_of(files):
    """A project whose files are given as texts."""
    texts = {path: textwrap.dedent(text) for path, text in files.items()}

    def listing(folder):
        inside = [path for path in texts if folder in (".", "") or path.startswith(folder + "/")]
        start = 0 if folder in (".", "") else len(folder) + 1
        return {path[start:].split("/")[0] for path in inside}

    return Project(texts.get, listing)


def loop_of(files, path, keras="3"):
    """The reading of one file of a project."""
    return read(textwrap.dedent(files[path]), path, keras, project_of(files))


def found(files, path):
    """Fault, file and line of everything that one file shows."""
    loop = loop_of(files, path)
    return {
        (fault.name, finding.place.path, finding.place.line)
        for fault in FAULTS
        if fault.find
        for finding in fault.find(loop)
        if (finding.level or fault.level) != "advice"
    }


def test_a_step_in_another_file_gets_the_model_of_its_caller():
    """The fault is told where it stands: in the file of the model."""
    files = {
        "train.py": """
            import keras
            from models import Net
            from steps import train_step
            net, optimizer = Net(), keras.optimizers.Adam()
            for x, y in data:
                train_step(net, optimizer, x, y)
        """,
        "models.py": NET,
        "steps.py": STEP,
    }
    assert found(files, "train.py") == {("untracked-variable", "models.py", 9)}
    assert loop_of(files, "train.py").others == ("models.py", "steps.py")


def test_a_right_program_in_three_files_is_silent():
    """What is tracked, recorded and applied elsewhere is right here."""
    files = {
        "train.py": """
            import keras
            from models import Net
            from steps import train_step
            net, optimizer = Net(), keras.optimizers.Adam()
            for x, y in data:
                train_step(net, optimizer, x, y)
        """,
        "models.py": NET.replace("tf.Variable(1.0)", "self.add_weight(shape=())"),
        "steps.py": STEP,
    }
    for path in files:
        assert found(files, path) == set()


def test_a_base_class_in_another_file_makes_a_keras_model():
    """Relative imports within a package, two classes up."""
    files = {
        "pkg/__init__.py": "",
        "pkg/base.py": "import keras\nclass Base(keras.Model):\n    pass\n",
        "pkg/middle.py": "from . import base\nclass Middle(base.Base):\n    pass\n",
        "pkg/net.py": """
            import tensorflow as tf
            from .middle import Middle
            class Net(Middle):
                def __init__(self):
                    super().__init__()
                    self.w = tf.Variable(tf.zeros([3]))
                def call(self, x):
                    return x * self.w
                def train_step(self, data):
                    x, y = data
                    with tf.GradientTape() as tape:
                        loss = tf.reduce_mean((y - self(x)) ** 2)
                    gradients = tape.gradient(loss, self.trainable_variables)
                    self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
                    return {"loss": loss}
        """,
    }
    assert ("untracked-variable", "pkg/net.py", 7) in found(files, "pkg/net.py")


def test_a_star_import_brings_functions():
    """`from losses import *` is followed to the operation that cuts."""
    files = {
        "train.py": """
            import keras
            import tensorflow as tf
            from losses import *
            net = keras.Sequential([keras.layers.Dense(1)])
            net.build((None, 3))
            optimizer = keras.optimizers.Adam()
            for x, y in data:
                with tf.GradientTape() as tape:
                    loss = rounded(y, net(x))
                gradients = tape.gradient(loss, net.trainable_variables)
                optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """,
        "losses.py": """
            import tensorflow as tf
            def rounded(y, p):
                return tf.reduce_mean(tf.round(y - p))
        """,
    }
    assert [name for name, _, _ in found(files, "train.py")] == ["nondifferentiable-op"]
    files["losses.py"] = files["losses.py"].replace("tf.round", "tf.square")
    assert found(files, "train.py") == set()


def test_files_that_import_each_other_end():
    """A cycle of imports is no endless reading."""
    files = {
        "a.py": "import keras\nfrom b import g\ndef f(x):\n    return g(x)\nf(1)\n",
        "b.py": "import keras\nfrom a import f\ndef g(x):\n    return f(x)\nvalue = g(2)\n",
    }
    assert found(files, "a.py") == set()
    assert found(files, "b.py") == set()


def test_circles_of_imports_and_stars_hide_nothing():
    """A package whose files ask each other for one name is read, and what it has is found."""
    files = {
        "pack/__init__.py": "from pack.first import *\nfrom pack.second import make, lost\n",
        "pack/first.py": "from pack.second import *\nfrom pack import lost\n",
        "pack/second.py": """
            from pack.first import *
            from pack import lost
            import keras

            def make():
                return keras.optimizers.Adam(0.0)
        """,
        "train.py": """
            import tensorflow as tf
            from pack import lost, make

            optimizer = make()

            def train_step(model, x, y):
                with tf.GradientTape() as tape:
                    loss = lost(y, model(x))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply_gradients(gradients, model.trainable_variables)
        """,
    }
    assert {name for name, _, _ in found(files, "train.py")} >= {
        "optimizer-call-misuse",
        "learning-rate-zero",
    }


def test_values_of_a_module_are_known():
    """A learning rate of zero in a settings file is seen where it is used."""
    files = {
        "train.py": """
            import keras
            import settings
            optimizer = keras.optimizers.Adam(settings.RATE)
        """,
        "settings.py": "RATE = 0.0\n",
    }
    assert found(files, "train.py") == {("learning-rate-zero", "settings.py", 1)}


def test_a_main_guard_of_an_imported_file_does_not_run():
    """What stands behind `__main__` belongs to that file alone."""
    files = {
        "train.py": "import keras\nfrom tool import RATE\nkeras.optimizers.Adam(RATE)\n",
        "tool.py": 'RATE = 0.1\nif __name__ == "__main__":\n    RATE = 0.0\n',
    }
    assert found(files, "train.py") == set()


def test_a_src_layout_is_found():
    """`src/` beside the script holds the package."""
    files = {
        "scripts/train.py": "import keras\nfrom mine.rates import RATE\n"
        "keras.optimizers.Adam(RATE)\n",
        "src/mine/__init__.py": "",
        "src/mine/rates.py": "RATE = 0.0\n",
    }
    assert found(files, "scripts/train.py") == {("learning-rate-zero", "src/mine/rates.py", 1)}


def test_a_file_that_is_not_there_is_named():
    """So that a cache knows when the answer may change."""
    files = {"train.py": "import keras\nfrom other import f\nf()\n"}
    loop = loop_of(files, "train.py")
    assert loop.others == ()
    assert "other.py" in loop.absent


def test_a_broken_file_is_silence():
    """A syntax error elsewhere is not this file's."""
    files = {"train.py": "import keras\nfrom other import f\nf()\n", "other.py": "def f(:\n"}
    assert found(files, "train.py") == set()


def test_an_optimizer_made_in_a_branch_survives_the_branch():
    """A module read for the first time inside a branch stays read."""
    files = {
        "train.py": """
            import keras
            import settings
            if unknown():
                rate = settings.RATE
            keras.optimizers.Adam(settings.RATE)
        """,
        "settings.py": "RATE = 0.0\n",
    }
    assert found(files, "train.py") == {("learning-rate-zero", "settings.py", 1)}


def test_a_long_module_is_left_unknown():
    """Names that the rest of a long file may bind anew tell nothing."""
    body = "RATE = 0.0\n" + "x = 1 + 2 + 3\n" * 3000 + "RATE = 0.1\n"
    files = {
        "train.py": "import keras\nimport settings\nkeras.optimizers.Adam(settings.RATE)\n",
        "settings.py": body,
    }
    assert found(files, "train.py") == set()


def test_a_function_that_two_files_share_is_one_finding():
    """Read from its own file or from another, the place is the same."""
    files = {
        "one.py": """
            import keras
            import tensorflow as tf
            optimizer = keras.optimizers.SGD(0.0)
        """,
        "two.py": "import keras\nfrom one import optimizer\nprint(optimizer)\n",
    }
    assert found(files, "one.py") == {("learning-rate-zero", "one.py", 4)}
    assert found(files, "two.py") == set()


def test_a_package_imports_its_own_files():
    """`from pack import part` in `pack/__init__.py` is a file, not a circle."""
    files = {
        "pack/__init__.py": "from pack import part\n",
        "pack/part.py": """
            import tensorflow as tf

            def rounded(y, p):
                return tf.reduce_mean(tf.round(y - p))
        """,
        "train.py": """
            import keras
            import tensorflow as tf
            from pack import part

            net = keras.Sequential([keras.layers.Dense(1)])
            optimizer = keras.optimizers.Adam()
            for x, y in data:
                with tf.GradientTape() as tape:
                    loss = part.rounded(y, net(x))
                gradients = tape.gradient(loss, net.trainable_variables)
                optimizer.apply_gradients(zip(gradients, net.trainable_variables))
        """,
    }
    assert {name for name, _, _ in found(files, "train.py")} == {"nondifferentiable-op"}


def test_what_stands_around_a_line_is_looked_up_in_its_own_file():
    """The networks follow, the seed is meant, and the program itself has none of these lines."""
    files = {
        "train.py": """
            import keras
            from agent import Agent
            agent = Agent()
            for batch in data:
                agent.learn(*batch)
        """,
        "agent.py": """
            import keras
            import numpy as np
            import tensorflow as tf

            def critic():
                inputs = keras.Input((4,))
                return keras.Model(inputs, keras.layers.Dense(1)(inputs))

            class Agent:
                def __init__(self):
                    self.critic, self.target = critic(), critic()
                    self.target.set_weights(self.critic.get_weights())
                    self.optimizer = keras.optimizers.Adam()

                @tf.function
                def step(self, s, r, after):
                    noise = tf.random.stateless_normal((4,), seed=np.random.randint(0, 9, 2))
                    with tf.GradientTape() as tape:
                        wanted = r + 0.9 * self.target(after + noise)
                        loss = tf.reduce_mean(tf.square(wanted - self.critic(s)))
                    gradients = tape.gradient(loss, self.critic.trainable_variables)
                    self.optimizer.apply_gradients(
                        zip(gradients, self.critic.trainable_variables))

                @staticmethod
                def follow(target, online, rate):
                    pairs = list(zip(target.get_weights(), online.get_weights()))
                    mixed = [rate * new + (1 - rate) * old for old, new in pairs]
                    GIVEN

                def learn(self, s, r, after):
                    self.step(s, r, after)
                    self.follow(self.target, self.critic, 0.01)
        """,
    }
    right = {**files, "agent.py": files["agent.py"].replace("GIVEN", "target.set_weights(mixed)")}
    assert found(right, "train.py") == set()
    left = {**files, "agent.py": files["agent.py"].replace("GIVEN", "return mixed")}
    assert found(left, "train.py") == {("target-copy-wrong", "agent.py", 29)}


def test_a_library_that_is_handed_over():
    """A program for several backends hands TensorFlow to its step."""
    step = """
            import keras

            class Net(keras.Model):
                def __init__(self, backend):
                    super().__init__()
                    self.first, self.second = keras.layers.Dense(1), keras.layers.Dense(1)
                    self.backend = backend

                def step_of(self, tf, x):
                    with tf.GradientTape() as tape:
                        loss = tf.reduce_mean(tf.square(self.first(x)))
                    gradients = tape.gradient(loss, self.first.trainable_weights)
                    self.optimizer.apply_gradients(
                        zip(gradients, self.second.trainable_weights))

                def train_step(self, x):
                    return self.step_of(self.backend, x)
        """
    assert found({"net.py": step}, "net.py") == {("mispaired-gradients", "net.py", 15)}
    assert found({"net.py": step.replace("second.tr", "first.tr")}, "net.py") == set()
