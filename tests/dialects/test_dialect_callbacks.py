"""Keras's callbacks without a model. That the plateau is Keras 3's is tested live, beside the optimizers."""

import numpy as np
import pytest

from ravine.dialects import keras, keras2
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
