"""Keras's callbacks without a model. That the plateau is Keras 3's is tested live, beside the optimizers."""

import numpy as np
import pytest

from ravine.autograd import nn
from ravine.dialects import keras, keras2
from ravine.experiments.fit import fit
from ravine.optim import SGD
from ravine.schedules import Cosine

BOTH = pytest.mark.parametrize("dialect", [keras, keras2], ids=["keras", "keras2"])


def losses(callback, optimizer, metrics, monitor="val_loss"):
    """The rates after each epoch."""
    callback.set_optimizer(optimizer)
    callback.on_train_begin()
    rates = []
    for epoch, metric in enumerate(metrics):
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, {monitor: metric})
        rates.append(callback.learning_rate)
    return rates


# The epochs at which a flat metric reduces the rate, as Keras does it.
@BOTH
@pytest.mark.parametrize(
    ("patience", "cooldown", "drops"),
    [(2, 0, [2, 4, 6, 8, 10]), (2, 2, [2, 5, 8, 11]), (0, 0, [*range(1, 12)]), (1, 0, [*range(1, 12)])],
)
def test_when_a_flat_metric_reduces(dialect, patience, cooldown, drops):
    plateau = dialect.callbacks.ReduceLROnPlateau(patience=patience, cooldown=cooldown, factor=0.5)
    rates = [1.0, *losses(plateau, dialect.SGD(1.0), [1.0] * 12)]
    assert [epoch for epoch in range(12) if rates[epoch + 1] < rates[epoch]] == drops


@BOTH
def test_better_is_better_by_more_than_min_delta_whatever_the_size(dialect):
    plateau = dialect.callbacks.ReduceLROnPlateau(patience=1, min_delta=0.25, factor=0.5, min_lr=0.125)
    assert losses(plateau, dialect.SGD(1.0), [-1.0, -1.2, -1.5, -1.5, -1.6, -1.7]) == [1, 0.5, 0.5, 0.25, 0.125, 0.125]


def test_a_nan_first_is_kept_in_keras_3_and_passed_over_in_keras_2():
    metrics = [np.nan, 3.0, 2.0, 1.0]
    assert losses(keras.callbacks.ReduceLROnPlateau(patience=1), keras.SGD(1.0), metrics)[-1] == pytest.approx(1e-3)
    assert losses(keras2.callbacks.ReduceLROnPlateau(patience=1), keras2.SGD(1.0), metrics)[-1] == pytest.approx(0.1)


def test_the_old_name_of_min_delta_and_the_guess_of_the_mode():
    plateau = keras2.callbacks.ReduceLROnPlateau("val_acc", 0.1, 5, 1, "auto", epsilon=0.5, cooldown=1, min_lr=1e-5)
    assert (plateau.min_delta, plateau.mode) == (0.5, "max")
    assert keras2.callbacks.ReduceLROnPlateau("val_mse").mode == "min"
    with pytest.raises(TypeError, match="epsilon is the old name of min_delta"):
        keras2.callbacks.ReduceLROnPlateau(epsilon=0.5, min_delta=0.5)


@BOTH
def test_a_function_of_the_epoch_and_one_that_takes_the_rate_too(dialect):
    by_epoch = dialect.callbacks.LearningRateScheduler(lambda epoch: 0.5**epoch)
    assert losses(by_epoch, dialect.SGD(1.0), [0] * 3) == [1, 0.5, 0.25]
    by_rate = dialect.callbacks.LearningRateScheduler(lambda epoch, lr: lr if epoch < 1 else lr / 2)
    assert losses(by_rate, dialect.SGD(1.0), [0] * 3) == [1, 0.5, 0.25]
    by_ours = dialect.callbacks.LearningRateScheduler(Cosine(1.0, 0.0, 2))
    assert losses(by_ours, dialect.SGD(1.0), [0] * 3) == pytest.approx([1, 0.5, 0])


def test_a_type_error_in_the_function_is_not_taken_for_its_signature():
    def broken(epoch, lr):
        return lr + None

    with pytest.raises(TypeError, match="unsupported operand"):
        losses(keras.callbacks.LearningRateScheduler(broken), keras.SGD(1.0), [0])


def test_rates_are_logged_by_their_name():
    for dialect, name in ((keras, "learning_rate"), (keras2, "lr")):
        logs = {"val_loss": 1.0}
        for callback in (
            dialect.callbacks.ReduceLROnPlateau(),
            dialect.callbacks.LearningRateScheduler(lambda epoch: 0.5),
        ):
            callback.set_model(type("Model", (), {"optimizer": dialect.SGD(0.5)}))
            callback.on_epoch_begin(0)
            callback.on_epoch_end(0, logs)
            assert logs[name] == 0.5


def test_any_bound_optimizer_will_do(capsys):
    x = np.ones(1)
    for opt in (SGD([x], lr=1.0), keras.SGD(1.0).bind([x]), keras2.SGD(1.0, decay=0.5).bind([x])):
        plateau = keras.callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, verbose=1)
        assert losses(plateau, opt, [1.0, 1.0], "loss") == [1.0, 0.5]
        assert opt.lr == 0.5
    assert capsys.readouterr().out == "Epoch 2: learning rate reduced to 0.5\n" * 3


def test_the_state_goes_on():
    metrics = [3.0, 3.0, 2.0, 2.5, 2.5, 2.5, 2.5, 2.5]
    whole = losses(keras.callbacks.ReduceLROnPlateau(patience=2, cooldown=1), keras.SGD(1.0), metrics)
    first, opt = keras.callbacks.ReduceLROnPlateau(patience=2, cooldown=1), keras.SGD(1.0)
    losses(first, opt, metrics[:5])
    second = keras.callbacks.ReduceLROnPlateau(patience=2, cooldown=1)
    second.load_state_dict(first.state_dict())
    second.set_optimizer(opt)
    for epoch, metric in enumerate(metrics[5:], 5):
        second.on_epoch_end(epoch, {"val_loss": metric})
    assert opt.learning_rate == whole[-1]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: keras.callbacks.ReduceLROnPlateau(factor=1.0), r"factor must be a number in \(0, 1\)"),
        (lambda: keras.callbacks.ReduceLROnPlateau(mode="best"), "mode must be 'auto' or 'min' or 'max'"),
        (lambda: keras.callbacks.ReduceLROnPlateau("val_acc"), "mode must be 'min' or 'max' for this metric"),
        (lambda: keras.callbacks.ReduceLROnPlateau(patience=-1), "patience must be an integer >= 0"),
        (lambda: keras.callbacks.LearningRateScheduler(0.5), "schedule must be a function"),
        (lambda: keras.callbacks.ReduceLROnPlateau().on_epoch_end(0, {}), "has no optimizer"),
        (
            lambda: losses(keras.callbacks.LearningRateScheduler(lambda epoch: "a"), keras.SGD(1.0), [0]),
            "schedule must return a number",
        ),
        (lambda: keras.callbacks.ReduceLROnPlateau().load_state_dict({}), "A state must have best, wait"),
    ],
)
def test_refusals(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()


def test_a_metric_that_is_not_there_is_a_warning():
    plateau = keras.callbacks.ReduceLROnPlateau()
    plateau.set_optimizer(keras.SGD(1.0))
    with pytest.warns(UserWarning, match="there is no 'val_loss' in the logs"):
        plateau.on_epoch_end(0, {"loss": 1.0})


# -- in fit ------------------------------------------------------------------------------------------------------------


def trained(optimizer, net, epochs=2, **options):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(40, 4)), rng.integers(0, 2, 40)
    return fit(net, data, optimizer, epochs, batch_size=20, progress=False, **options)


@BOTH
def test_every_method_is_called_as_keras_calls_it(dialect):
    seen = []

    class Told(dialect.callbacks.Callback):
        def __getattribute__(self, name):
            if name.startswith("on_"):
                seen.append(name)
            return super().__getattribute__(name)

        def on_train_begin(self, logs=None):
            assert (self.params["epochs"], self.params["steps"]) == (9, 2)

        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.5
            assert len(self.model.parameters()) == 2
            self.model.stop_training = True

    history = trained(dialect.SGD(0.1), nn.Linear(4, 2, rng=0), 9, validation_split=0.2, callbacks=[Told()])
    assert len(history) == 1
    assert "stop_training" in history.stopped
    batch = ["on_train_batch_begin", "on_batch_begin", "on_train_batch_end", "on_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    expected = ["on_train_begin", "on_epoch_begin", *batch * 2, *test, "on_epoch_end", "on_train_end"]
    assert [name for name in seen if name in expected][-len(expected) :] == expected


def test_the_state_of_an_optimizer_that_was_built_goes_on():
    together, apart = (nn.Linear(4, 2, rng=0) for _ in range(2))
    one, two = keras.Adam(0.1), keras.Adam(0.1)
    two.build(apart.parameters())
    trained(one, together, 2, shuffle=False)
    trained(two, apart, 1, shuffle=False)
    trained(two, apart, 1, shuffle=False)
    assert two.iterations == 4
    np.testing.assert_array_equal(together.weight.data, apart.weight.data)


def test_the_average_is_in_the_parameters_after_fit():
    net = nn.Linear(4, 2, rng=0)
    optimizer = keras.SGD(0.1, use_ema=True)
    optimizer.build(net.parameters())
    trained(optimizer, net)
    np.testing.assert_array_equal(net.weight.data, optimizer.bound._views[0].arrays["x_ema"])
