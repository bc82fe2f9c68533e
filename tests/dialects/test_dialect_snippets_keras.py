"""Programs as they stand in tutorials of TensorFlow 1 and 2 and Keras 2 and 3: only their imports are changed."""

import textwrap

import numpy as np
import pytest

from ravine.dialects import keras, keras2, tf1

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3


def executed(program, **names):
    """What a program leaves behind."""
    scope = {"np": np, "X": X, "Y": Y, **names}
    exec(textwrap.dedent(program), scope)
    return scope


def gradient(w):
    return 2 * X.T @ (X @ w - Y) / len(Y)


# ------------------------------------------------------------------------------------------------------- TensorFlow 1
def test_tf1_adam():
    scope = executed(
        """
        from ravine.dialects import tf1 as tf

        w = tf.Variable(np.zeros(3))
        cost = lambda: ((X @ w - Y) ** 2).mean()
        train_step = tf.train.AdamOptimizer(1e-4).minimize(cost, var_list=[w])
        losses = [train_step() for _ in range(5)]
        """
    )
    assert scope["losses"] == sorted(scope["losses"], reverse=True)
    np.testing.assert_allclose(np.abs(scope["w"].data), 5e-4, rtol=1e-2)


def test_tf1_exponential_decay():
    scope = executed(
        """
        from ravine.dialects import tf1 as tf

        w = np.zeros(3)
        step = tf.Variable(0, trainable=False)
        rate = tf.train.exponential_decay(0.15, step, 1, 0.9999)
        optimizer = tf.train.AdamOptimizer(rate)
        train = optimizer.minimize(lambda w: np.mean((X @ w - Y) ** 2), var_list=[w], global_step=step)
        for _ in range(100):
            train()
        """
    )
    assert int(scope["step"]) == 100
    assert scope["rate"].now == pytest.approx(0.15 * 0.9999**100)
    np.testing.assert_allclose(scope["w"], [1.0, -2.0, 0.5], atol=0.2)


def test_tf1_staircase_by_examples_seen_and_clipped_gradients():
    scope = executed(
        """
        from ravine.dialects import tf1 as tf

        BATCH_SIZE, train_size = 10, 40
        w = np.zeros(3)
        batch = tf.Variable(0, trainable=False)
        learning_rate = tf.train.exponential_decay(
            0.1,                 # Base learning rate.
            batch * BATCH_SIZE,  # Current index into the dataset.
            train_size,          # Decay step.
            0.95,                # Decay rate.
            staircase=True)
        optimizer = tf.train.MomentumOptimizer(learning_rate, 0.9)
        rates = []
        for i in range(9):
            rates.append(learning_rate.now)
            grads_and_vars = optimizer.compute_gradients(lambda w: np.mean((X @ w - Y) ** 2), [w])
            capped = [(np.clip(g, -1.0, 1.0), v) for g, v in grads_and_vars]
            optimizer.apply_gradients(capped, global_step=batch)
        """
    )
    assert scope["rates"] == pytest.approx([0.1] * 4 + [0.095] * 4 + [0.09025])
    assert scope["optimizer"].get_slot(scope["w"], "momentum").shape == (3,)


# ------------------------------------------------------------------------------------------------------------ Keras 2
@pytest.mark.parametrize(
    "line",
    [
        "optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)",
        "optimizers.SGD(lr=0.01, clipnorm=1.)",
        "optimizers.SGD(lr=0.01, clipvalue=0.5)",
        "optimizers.Adagrad(lr=0.01, epsilon=None, decay=0.0)",
        "optimizers.Adadelta(lr=1.0, rho=0.95, epsilon=None, decay=0.0)",
        "optimizers.RMSprop(lr=0.001, rho=0.9, epsilon=None, decay=0.0)",
        "optimizers.Adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0, amsgrad=False)",
        "optimizers.Adamax(lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0)",
        "optimizers.Nadam(lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, schedule_decay=0.004)",
    ],
)
def test_keras2_optimizers_at_their_documented_defaults(line):
    scope = executed(f"from ravine.dialects.keras2 import optimizers\nopt = {line}")
    name = line.partition("(")[0].rpartition(".")[2]
    if name != "SGD":
        assert scope["opt"].spec == getattr(keras2, name)().spec
    w = np.zeros(3)
    bound = scope["opt"].bind([w])
    for _ in range(3):
        bound.step([gradient(w)])
    assert np.mean((X @ w - Y) ** 2) < np.mean(Y**2)


def test_keras2_step_decay():
    scope = executed(
        """
        import math
        from ravine.dialects.keras2.callbacks import LearningRateScheduler
        from ravine.dialects.keras2.optimizers import SGD

        def step_decay(epoch):
            initial_lrate = 0.1
            drop = 0.5
            epochs_drop = 10.0
            lrate = initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))
            return lrate

        sgd = SGD(lr=0.0, momentum=0.9)
        lrate = LearningRateScheduler(step_decay)
        lrate.set_optimizer(sgd)
        rates = []
        for epoch in range(20):
            lrate.on_epoch_begin(epoch)
            rates.append(sgd.lr)
        """
    )
    assert scope["rates"] == [0.1] * 9 + [0.05] * 10 + [0.025]


@pytest.mark.parametrize("name", ["min_delta", "epsilon"])
def test_keras2_plateau(name):
    scope = executed(
        f"""
        from ravine.dialects.keras2.callbacks import ReduceLROnPlateau
        from ravine.dialects.keras2.optimizers import Adam

        reduce_lr = ReduceLROnPlateau(monitor='val_loss', factor=0.1, patience=3, verbose=0, mode='auto',
                                      {name}=0.0001, cooldown=0, min_lr=1e-5)
        opt = Adam(lr=0.001)
        reduce_lr.set_optimizer(opt)
        for epoch in range(20):
            reduce_lr.on_epoch_end(epoch, {{'val_loss': 1.0}})
        """
    )
    assert scope["opt"].lr == 1e-5


# ------------------------------------------------------------------------------------------------------- TensorFlow 2
def test_tf2_schedules_in_a_loop_of_ones_own():
    scope = executed(
        """
        from ravine import dialects as tf
        from ravine.dialects import keras

        lr_schedule = tf.keras.optimizers.schedules.ExponentialDecay(
            initial_learning_rate=1e-2,
            decay_steps=10000,
            decay_rate=0.9)
        optimizer = tf.keras.optimizers.SGD(learning_rate=lr_schedule)
        inverse = tf.keras.optimizers.schedules.InverseTimeDecay(
          0.001,
          decay_steps=100*1000,
          decay_rate=1,
          staircase=False)
        boundaries = [100000, 110000]
        values = [1.0, 0.5, 0.1]
        piecewise = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)

        w = np.zeros(3)
        for epoch in range(3):
            grads = [2 * X.T @ (X @ w - Y) / len(Y)]
            optimizer.apply_gradients(zip(grads, [w]))
        """
    )
    assert scope["optimizer"].iterations == 3
    assert scope["optimizer"].learning_rate == pytest.approx(1e-2 * 0.9**3e-4)
    assert scope["inverse"](100_000) == 0.0005
    assert [scope["piecewise"](k) for k in (100_000, 100_001, 110_001)] == [1.0, 0.5, 0.1]


def test_tf2_a_cyclical_schedule_of_the_users_own():
    scope = executed(
        """
        from ravine.dialects import keras

        class CyclicalLearningRate(keras.optimizers.schedules.LearningRateSchedule):
            def __init__(self, initial_learning_rate, maximal_learning_rate, step_size, scale_fn=lambda x: 1):
                super().__init__()
                self.initial_learning_rate = initial_learning_rate
                self.maximal_learning_rate = maximal_learning_rate
                self.step_size = step_size
                self.scale_fn = scale_fn

            def __call__(self, step):
                cycle = np.floor(1 + step / (2 * self.step_size))
                x = np.abs(step / self.step_size - 2 * cycle + 1)
                height = (self.maximal_learning_rate - self.initial_learning_rate) * np.maximum(0, 1 - x)
                return self.initial_learning_rate + height * self.scale_fn(cycle)

            def get_config(self):
                return {
                    "initial_learning_rate": self.initial_learning_rate,
                    "maximal_learning_rate": self.maximal_learning_rate,
                    "step_size": self.step_size,
                }

        clr = CyclicalLearningRate(0.25, 1.25, 4)
        optimizer = keras.optimizers.SGD(clr)
        w = np.zeros(1)
        rates = []
        for _ in range(10):
            before = w.item()
            optimizer.apply_gradients([(np.ones(1), w)])
            rates.append(before - w.item())
        config = optimizer.get_config()
        again = keras.optimizers.SGD.from_config(config, custom_objects={"CyclicalLearningRate": CyclicalLearningRate})
        """
    )
    assert scope["rates"] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.0, 0.75, 0.5, 0.25, 0.5]
    assert scope["again"].get_config() == scope["config"]


def test_tf2_minimize():
    scope = executed(
        """
        from ravine.autograd import Parameter
        from ravine.dialects import keras

        opt = keras.optimizers.SGD(learning_rate=0.1)
        var1 = Parameter(np.array([10.0]))
        loss = lambda: (var1 ** 2).sum() / 2.0
        opt.minimize(loss, [var1])
        """
    )
    assert scope["var1"].data == [9.0]
    assert scope["opt"].iterations == 1


# ------------------------------------------------------------------------------------------------------------ Keras 3
def test_keras3_training_with_all_kinds_of_optimizers():
    for name in (name for name in keras.__all__ if name[0].isupper()):
        w = np.zeros(3)
        opt = getattr(keras.optimizers, name)(learning_rate=0.01)
        opt.build([w])
        for _ in range(20):
            opt.apply([gradient(w)])
        assert np.mean((X @ w - Y) ** 2) < np.mean(Y**2), name


def test_the_lines_of_the_architecture():
    params = [np.zeros(3)]
    keras.Adam(learning_rate=1e-3, epsilon=1e-7).bind(params).step([gradient(params[0])])
    keras2.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True).bind(params).step([gradient(params[0])])
    step = tf1.Variable(0, trainable=False)
    rate = tf1.exponential_decay(0.15, step, 1, 0.9999)
    train = tf1.AdamOptimizer(rate).minimize(lambda w: np.sum((X @ w - Y) ** 2), var_list=params, global_step=step)
    train()
    opt = tf1.AdamOptimizer(rate).bind(params)
    opt.step([gradient(params[0])])
    assert (int(step), opt.t, opt.lr) == (1, 1, rate(1))
