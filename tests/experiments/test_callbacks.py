"""Callbacks: when each acts, counted in epochs, against the tables of the frameworks that they follow."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ravine.autograd import nn
from ravine.dialects import keras, keras2, torch
from ravine.experiments import UsageError
from ravine.experiments.fit import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ObserveMetric,
    ReduceLROnPlateau,
    SaveBest,
    TerminateOnNaN,
    WeightAveraging,
    evaluate,
    fit,
)
from ravine.optim import SGD, Adam
from ravine.schedules import InverseTime, Linear, ReduceOnPlateau, Step

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 2, size=12)
DATA = (X, Y)
NAN, INF = math.nan, math.inf


def model() -> nn.Linear:
    return nn.Linear(2, 2, rng=0)


class Say(Callback):
    """Puts a number into the logs of each epoch, the last one again and again; keeps the parameters as they were."""

    def __init__(self, *values: float) -> None:
        self.values, self.parameters = values, []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        logs["score"] = self.values[min(epoch, len(self.values) - 1)]
        self.parameters.append([p.data.copy() for p in self.training.model.parameters()])


def run(*callbacks: Any, epochs: int = 12, optimizer: Any = None, **options: Any) -> History:
    return fit(model(), DATA, optimizer or SGD(lr=1.0), epochs=epochs, callbacks=callbacks, batch_size=4, **options)


# ---------------------------------------------------------------------------------------------------- the events
def test_events_come_in_their_order_with_epochs_and_batches_from_0() -> None:
    events: list[Any] = []

    class Told(Callback):
        def on_train_begin(self, logs: Any) -> None:
            events.append("train begins")

        def on_epoch_begin(self, epoch: int, logs: Any) -> None:
            events.append(("epoch begins", epoch, self.training.epoch, self.training.batch))

        def on_batch_end(self, batch: int, logs: Any) -> None:
            events.append((batch, self.training.batch, sorted(logs)))

        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            events.append(("epoch ends", epoch, sorted(logs)))

        def on_train_end(self, logs: Any) -> None:
            events.append("train ends")

    run(Told(), epochs=2, validation_data=DATA)
    batches = [(i, i + 1, ["loss", "lr"]) for i in range(3)]
    epochs = [
        part
        for e in range(2)
        for part in [("epoch begins", e, e, 0), *batches, ("epoch ends", e, ["loss", "lr", "val_loss"])]
    ]
    assert events == ["train begins", *epochs, "train ends"]


def test_any_object_with_one_of_the_methods_is_a_callback() -> None:
    class Bare:
        seen = 0

        def on_batch_end(self, batch: int, logs: Any) -> None:
            self.seen += 1

    bare = Bare()
    run(bare, epochs=2)
    assert bare.seen == 6


def test_what_is_added_to_the_logs_is_in_the_history() -> None:
    assert run(Say(3.0, 4.0), epochs=3)["score"] == [3.0, 4.0, 4.0]


# ------------------------------------------------------------------------------------------------------ plateaus
def drops(history: History) -> list[int]:
    """The epochs (0, 1, ...) after which the rate fell."""
    rates = history["lr"]
    return [epoch for epoch in range(len(rates) - 1) if rates[epoch + 1] < rates[epoch]]


# A metric that never changes: PyTorch waits for more than `patience` bad epochs, Keras for as many.
FLAT = [
    (2, 0, [3, 6, 9], [2, 4, 6, 8, 10]),
    (2, 2, [3, 8], [2, 5, 8, 11]),
    (0, 0, list(range(1, 12)), list(range(1, 12))),
    (1, 0, [2, 4, 6, 8, 10], list(range(1, 12))),
    (3, 1, [4, 9], [3, 6, 9]),
]


@pytest.mark.parametrize(("patience", "cooldown", "torch_s", "keras_s"), FLAT)
def test_a_flat_metric_reduces_the_rate_at_the_frameworks_epochs(
    patience: int, cooldown: int, torch_s: list[int], keras_s: list[int]
) -> None:
    ours = ReduceLROnPlateau("score", factor=0.5, patience=patience, cooldown=cooldown)
    assert drops(run(Say(1.0), ours, epochs=13)) == [e for e in torch_s if e < 12]
    for dialect in (keras, keras2):
        theirs = dialect.callbacks.ReduceLROnPlateau(
            "score", factor=0.5, patience=patience, cooldown=cooldown, mode="min"
        )
        optimizer = dialect.SGD(1.0)
        history = run(Say(1.0), theirs, epochs=13, optimizer=optimizer)
        name = "lr" if dialect is keras2 else "learning_rate"
        assert [e for e in range(12) if history[name][e + 1] < history[name][e]] == keras_s, dialect
        assert np.all(np.diff(history.steps["lr"][::3]) <= 0)


def test_a_plateau_multiplies_the_schedule_that_is_there() -> None:
    history = run(Say(1.0), ReduceLROnPlateau("score", factor=0.1, patience=2), optimizer=SGD(lr=Step(1.0, 0.5, 9)))
    at = [0.5 ** (e // 3) for e in range(12)]  # 3 steps an epoch
    assert history["lr"] == pytest.approx([a * 0.1 ** ((e - 1) // 3) if e > 3 else a for e, a in enumerate(at)])


def test_a_metric_that_gets_better_leaves_the_rate() -> None:
    assert drops(run(Say(*range(12)), ReduceLROnPlateau("score", patience=0, mode="max"))) == []
    assert drops(run(Say(*range(12)), ReduceLROnPlateau("score", patience=0, factor=0.5))) == list(range(1, 11))


def test_observe_feeds_the_controllers_of_the_optimizer() -> None:
    optimizer = SGD(lr=ReduceOnPlateau(1.0, factor=0.5, patience=2))
    assert drops(run(Say(1.0), ObserveMetric("score"), optimizer=optimizer)) == [3, 6, 9]
    with pytest.raises(UsageError, match=r"no schedule of the optimizer reacts"):
        run(Say(1.0), ObserveMetric("score"))


def test_a_plateau_wants_an_optimizer_of_ours_and_fields_of_the_controller() -> None:
    with pytest.raises(UsageError, match=r"must be one of ours"):
        run(Say(1.0), ReduceLROnPlateau("score"), optimizer=keras.SGD(1.0))
    with pytest.raises(ValueError, match=r"factor"):
        ReduceLROnPlateau("score", factor=2.0)
    with pytest.raises(TypeError, match=r"patient"):
        ReduceLROnPlateau("score", patient=2)


# -------------------------------------------------------------------------------------------- schedules by epoch
SCHEDULES: list[tuple[Any, list[float]]] = [
    (lambda epoch: 1 / (1 + epoch), [1, 1 / 2, 1 / 3, 1 / 4]),
    (lambda epoch, lr: lr * 0.5, [0.5, 0.25, 0.125, 0.0625]),
    (lambda epoch, scale=2.0: scale * epoch, [0, 2, 4, 6]),
    (InverseTime(1.0, 1.0), [1, 1 / 2, 1 / 3, 1 / 4]),
    (Linear(1.0, 0.0, 2), [1, 0.5, 0, 0]),
]
OPTIMIZERS = {"ours": SGD(lr=1.0), "torch": torch.SGD(lr=1.0), "keras": keras.SGD(1.0), "keras2": keras2.SGD(1.0)}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize(("schedule", "rates"), SCHEDULES)
def test_a_scheduler_sets_the_rate_of_each_epoch(schedule: Any, rates: list[float], optimizer: Any) -> None:
    assert run(LearningRateScheduler(schedule), epochs=4, optimizer=optimizer)["lr"] == pytest.approx(rates)


@pytest.mark.parametrize("dialect", [keras, keras2])
@pytest.mark.parametrize(("schedule", "rates"), SCHEDULES[:2])
def test_a_dialect_s_scheduler_does_the_same(dialect: Any, schedule: Any, rates: list[float]) -> None:
    for optimizer in (dialect.SGD(1.0), SGD(lr=1.0)):
        history = run(dialect.callbacks.LearningRateScheduler(schedule), epochs=4, optimizer=optimizer)
        assert history.steps["lr"][::3] == pytest.approx(rates)


@pytest.mark.parametrize("value", ["0.1", None, True, NAN])
def test_a_schedule_must_return_a_number(value: Any) -> None:
    with pytest.raises(UsageError, match=r"schedule returned a wrong value: lr must be a finite number. Received"):
        run(LearningRateScheduler(lambda epoch: value))
    with pytest.raises(UsageError, match=r"schedule must be a function"):
        LearningRateScheduler(0.1)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ stopping
# Keras's table: the values, the options, the epoch after which it stops (None: the last of 8), the best epoch.
STOPS: list[tuple[list[float], dict[str, Any], int | None, int | None]] = [
    ([1, 1, 1, 1], {"patience": 0}, 1, 0),
    ([1, 1, 1, 1], {"patience": 1}, 1, 0),
    ([1, 1, 1, 1], {"patience": 2}, 2, 0),
    ([1, 0.5, 0.6, 0.7, 0.4], {"patience": 2}, 3, 1),
    ([1, 0.5, 0.6, 0.4, 0.6, 0.6, 0.6], {"patience": 2}, 5, 3),
    ([8, 7, 6, 5, 4, 3, 2, 1], {"patience": 1}, None, 7),
    ([1, 2, 3, 3], {"patience": 1, "mode": "max"}, 3, 2),
    ([1, 0.9, 0.8, 0.7, 0.6], {"patience": 3, "min_delta": 0.25}, 6, 3),
    ([1, 0.5], {"patience": 1, "min_delta": 0.5}, 1, 0),  # better by exactly min_delta is not better
    ([INF, 2, 1, 1], {"patience": 1}, 3, 2),
    ([NAN, 1, NAN, 0.5, NAN, NAN], {"patience": 2}, 5, 3),  # Keras: 2, 0. A NaN is never the best here
    ([NAN, NAN, NAN], {"patience": 0}, 1, None),  # Keras: 1, 0
]


@pytest.mark.parametrize(("values", "options", "stop", "best"), STOPS)
def test_stopping_early(values: list[float], options: dict[str, Any], stop: int | None, best: int | None) -> None:
    stopping = EarlyStopping("score", **{"mode": "min", **options})
    history = run(Say(*values), stopping, epochs=8)
    assert len(history) == (8 if stop is None else stop + 1)
    assert (history.stopped is None) == (stop is None)
    assert stopping.best_epoch == best


@pytest.mark.parametrize("patience", [1, 9])
def test_the_best_parameters_are_put_back_whether_it_stopped_or_not(patience: int) -> None:
    say, net = Say(3.0, 1.0, 2.0), model()
    stopping = EarlyStopping("score", mode="min", patience=patience, restore_best=True)
    fit(net, DATA, SGD(lr=1.0), epochs=4, callbacks=[say, stopping])
    assert all(np.array_equal(p.data, best) for p, best in zip(net.parameters(), say.parameters[1], strict=True))


def test_the_mode_follows_from_the_name_or_is_asked_for() -> None:
    assert EarlyStopping("val_accuracy").monitor.mode == "max"
    assert EarlyStopping("val_loss").monitor.mode == EarlyStopping("mean_absolute_error").monitor.mode == "min"
    with pytest.raises(UsageError, match=r"mode must be 'min' or 'max' for 'score'. Received: mode='auto'"):
        EarlyStopping("score")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": -1}, "patience must be an integer >= 0. Received: patience=-1"),
        ({"min_delta": -0.1}, "min_delta must be a finite number >= 0. Received: min_delta=-0.1"),
        ({"mode": "up"}, "mode must be 'auto' or 'min' or 'max'. Received: mode='up'"),
        ({"monitor": 3}, "monitor must be a str. Received: monitor=3"),
    ],
)
def test_arguments_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EarlyStopping(**options)


def test_a_number_that_is_not_in_the_logs_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"no 'val_loss' in the logs: loss, lr. Give validation data"):
        run(EarlyStopping())


def test_training_stops_after_a_batch_whose_loss_is_not_finite() -> None:
    poisoned = X.copy()
    poisoned[7] = NAN  # in the second batch
    history = fit(
        model(),
        (poisoned, Y),
        SGD(lr=1.0),
        epochs=3,
        batch_size=4,
        shuffle=False,
        validation_data=DATA,
        callbacks=[TerminateOnNaN()],
    )
    assert len(history.steps["loss"]) == 2
    assert history.stopped == "TerminateOnNaN: the loss of batch 1 of epoch 0 is not finite"
    assert math.isnan(history["val_loss"][0])  # the epoch is ended as usual


def test_a_stop_before_an_epoch_leaves_it_out() -> None:
    class Enough(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any) -> None:
            if epoch == 2:
                self.training.stop("enough")

    history = run(Enough())
    assert (len(history), history.stopped) == (2, "enough")


# ------------------------------------------------------------------------------------------------ the best model
BEST: list[tuple[list[float], dict[str, Any], list[int]]] = [  # the values, the options, the epochs that are saved
    ([3, 1, 2, 1, 0.5], {}, [0, 1, 4]),
    ([1, 2, 3, 3], {"mode": "max"}, [0, 1, 2]),
    ([3, 2.9, 2.5], {"min_delta": 0.1}, [0, 2]),
    ([NAN, 2, INF, 1], {}, [1, 3]),
]


@pytest.mark.parametrize(("values", "options", "saved"), BEST)
def test_the_best_model_is_in_the_file(
    values: list[float], options: dict[str, Any], saved: list[int], tmp_path: Path
) -> None:
    path, epochs, say = tmp_path / "new" / "best.npz", [], Say(*values)
    best = SaveBest(path, "score", **{"mode": "min", **options})

    class Look(Callback):
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            if best.best_epoch == epoch:
                epochs.append(epoch)
                assert path.is_file()

    run(say, best, Look(), epochs=len(values))
    assert epochs == saved
    assert best.best == values[saved[-1]]
    loaded = model()
    with np.load(path) as file:
        loaded.load_state_dict(file)
    for p, kept in zip(loaded.parameters(), say.parameters[saved[-1]], strict=True):
        np.testing.assert_array_equal(p.data, kept)


def test_the_best_model_is_the_one_that_was_judged(tmp_path: Path) -> None:
    net, path = model(), tmp_path / "best.npz"
    callbacks = [WeightAveraging(), Say(2, 1), SaveBest(path, "score", "min")]
    fit(net, DATA, Adam(lr=0.1, ema=0.9), epochs=2, callbacks=callbacks)
    with np.load(path) as file:
        np.testing.assert_array_equal(file["weight"], net.weight.data)


def test_files_are_made_where_the_folder_is_not_yet_and_folders_are_refused_before_the_training(tmp_path: Path) -> None:
    run(CSVLogger(tmp_path / "logs" / "log.csv"), epochs=1)
    assert (tmp_path / "logs" / "log.csv").is_file()
    for callback in (CSVLogger, Checkpoint, SaveBest):
        steps = Say(1.0)
        with pytest.raises(UsageError, match=rf"{callback.__name__}: path must be a file's. Received: the folder "):
            run(steps, callback(tmp_path))
        assert steps.parameters == []


# ----------------------------------------------------------------------------------------------------- averaging
@pytest.mark.parametrize(
    "optimizer", [Adam(lr=0.1, ema=0.9), SGD(lr=0.5, swa=4)], ids=lambda o: type(o).__name__
)
def test_validation_sees_the_average_which_the_parameters_become(optimizer: Any) -> None:
    plain, net = model(), model()
    opt = optimizer.bind(plain.parameters())
    fit(plain, DATA, opt, epochs=3, batch_size=4)
    with opt.averaged():
        averages = [p.data.copy() for p in plain.parameters()]
    history = fit(
        net, DATA, optimizer, epochs=3, batch_size=4, validation_data=DATA, callbacks=[WeightAveraging()]
    )
    assert all(np.array_equal(p.data, a) for p, a in zip(net.parameters(), averages, strict=True))
    assert not np.array_equal(net.weight.data, plain.weight.data)
    assert history["val_loss"][-1] == pytest.approx(evaluate(net, DATA)["loss"], rel=1e-6)


@pytest.mark.parametrize("first", [True, False])
def test_early_stopping_puts_the_best_average_back(first: bool) -> None:
    whole, best = model(), model()
    fit(best, DATA, Adam(lr=0.1, ema=0.9), epochs=2, batch_size=4, callbacks=[WeightAveraging()])
    own = [WeightAveraging(), EarlyStopping("score", mode="min", patience=9, restore_best=True)]
    callbacks = [Say(3.0, 1.0, 2.0), *(own if first else own[::-1])]
    fit(whole, DATA, Adam(lr=0.1, ema=0.9), epochs=4, batch_size=4, callbacks=callbacks)
    assert np.array_equal(whole.weight.data, best.weight.data)


def test_averaging_needs_an_average() -> None:
    with pytest.raises(UsageError, match=r"WeightAveraging: .* Received: SGD"):
        run(WeightAveraging())


# ------------------------------------------------------------------------------------------------------- logging
def test_the_csv_file_is_the_history_after_every_epoch(tmp_path: Path) -> None:
    path, texts = tmp_path / "log.csv", []

    class Look(Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
            texts.append(path.read_text())
            if epoch == 1:
                logs["late"] = 7.0

    history = run(CSVLogger(path), Look(), epochs=3)
    assert [len(text.splitlines()) for text in texts] == [2, 3, 4]
    assert path.read_text() == history.to_csv()
    assert [line.rpartition(",")[2] for line in path.read_text().splitlines()] == ["late", "", "7.0", ""]
