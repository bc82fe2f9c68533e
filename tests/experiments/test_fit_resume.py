"""A training that is interrupted after any step, and resumed, has the bits of one that was not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ravine.autograd import nn
from ravine.dialects import keras, keras2, optax, tf1, torch
from ravine.dialects.base import Dialect
from ravine.experiments import UsageError
from ravine.experiments.fit import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ReduceLROnPlateau,
    SaveBest,
    WeightAveraging,
    fit,
)
from ravine.optim import SGD, Adam, AMSGrad, Momentum, NAdam, Optimizer, rules
from ravine.schedules import Cosine, Lambda, ReduceOnPlateau

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4)).astype(np.float32), RNG.integers(0, 3, size=20)
DATA = (X, Y)


class Network(nn.Module):
    """With all that has a state: parameters, running statistics, generators (one of them shared)."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.body = nn.Sequential(nn.Linear(4, 6, rng=0), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.3, rng=1))
        self.head = nn.Sequential(nn.Dropout(0.2, rng=rng), nn.Dropout(0.2, rng=rng), nn.Linear(6, 3, rng=2))

    def forward(self, x: Any) -> Any:
        return self.head(self.body(x))


def plain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3, bias=False, rng=0), nn.Tanh(), nn.Linear(3, 3, bias=False, rng=1))


class Killed(Exception):
    pass


class Kill(Callback):
    """Ends the training after so many steps, as an error anywhere would."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        if len(self.training.history.steps["loss"]) == self.steps:
            raise Killed


Result = tuple[bytes, str, str]


def result(model: nn.Module, history: History) -> Result:
    state = b"".join(array.tobytes() for array in model.state_dict().values())
    return state, history.to_csv(), repr(history.steps)


def resumed(
    path: Path, train: Callable[[list[Any]], Result], steps: int, every: Any = 1
) -> Result:
    """The result of a training that is killed after so many steps and then resumed in new objects."""
    path.unlink(missing_ok=True)
    with pytest.raises(Killed):
        train([Kill(steps), Checkpoint(path, every=every)])
    return train([Checkpoint(path, every=every)])


# ----------------------------------------------------------------------------------------------- every optimizer
OURS = {name: cls for name, cls in Optimizer.registry.items() if name in map(str.lower, rules.__all__)}
DIALECTS = [module.__name__ for module in (keras, keras2, optax, tf1, torch)]
FRAMEWORKS = {name: cls for name, cls in Dialect.registry.items() if cls.__module__.startswith(tuple(DIALECTS))}


@pytest.mark.parametrize("name", [*OURS, *FRAMEWORKS])
def test_every_optimizer_resumes_in_the_middle_of_an_epoch(name: str, tmp_path: Path) -> None:
    def train(callbacks: list[Any]) -> Result:
        optimizer = OURS[name](lr=0.01) if name in OURS else FRAMEWORKS[name](**FRAMEWORKS[name].example())
        model = plain()
        return result(model, fit(model, DATA, optimizer, epochs=2, batch_size=8, recording=True, callbacks=callbacks))

    assert resumed(tmp_path / "run.npz", train, steps=5) == train([])


# -------------------------------------------------------------------------------------- everything at every step
def with_everything(callbacks: list[Any]) -> Result:
    model = Network()
    own = [
        EarlyStopping("val_loss", patience=5, restore_best=True),
        ReduceLROnPlateau("val_loss", patience=0, threshold=0.5, factor=0.5),
        WeightAveraging(),
    ]
    optimizer = NAdam(lr=Cosine(0.1, 0.01, 12), ema=0.8, accumulate=2)
    history = fit(
        model, DATA, optimizer, epochs=4, batch_size=8, validation_split=0.2, metrics="accuracy", seed=3,
        callbacks=[*own, *callbacks],
    )  # fmt: skip
    return result(model, history)


def with_keras_s_callbacks(callbacks: list[Any]) -> Result:
    model = Network()
    own = [
        keras2.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.9),
        keras2.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, epsilon=10.0),
    ]
    optimizer = keras2.SGD(lr=0.1, decay=0.01, momentum=0.9, nesterov=True)
    return result(model, fit(model, DATA, optimizer, epochs=4, batch_size=8, callbacks=[*own, *callbacks]))


def with_rates_by_epoch(callbacks: list[Any]) -> Result:
    model = Network()
    own = [LearningRateScheduler(lambda epoch, lr: lr * 0.7)]
    groups = [{"params": model.body.parameters()}, {"params": model.head.parameters(), "lr": 0.1}]
    optimizer = torch.Adam(groups, lr=0.01)
    return result(model, fit(model, DATA, optimizer, epochs=4, batch_size=8, callbacks=[*own, *callbacks]))


def with_hyperparameters_set_on_the_way(callbacks: list[Any]) -> Result:
    class Change(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any) -> None:
            if epoch == 1:
                self.training.optimizer.groups[1].set(momentum=Cosine(0.9, 0.5, 5))
                self.training.optimizer.weight_decay = 0.1

    model = Network()
    optimizer = Momentum([{"params": model.body.parameters()}, {"params": model.head.parameters()}], lr=0.1)
    return result(model, fit(model, DATA, optimizer, epochs=4, batch_size=8, callbacks=[Change(), *callbacks]))


TRAININGS = {
    with_everything: 8,
    with_keras_s_callbacks: 12,
    with_rates_by_epoch: 12,
    with_hyperparameters_set_on_the_way: 12,
}
EACH_STEP = [(train, step) for train, count in TRAININGS.items() for step in range(1, count + 1)]


@pytest.mark.parametrize(("train", "steps"), EACH_STEP)
def test_it_resumes_after_any_step(train: Callable[[list[Any]], Result], steps: int, tmp_path: Path) -> None:
    assert resumed(tmp_path / "run.npz", train, steps) == train([])


@pytest.mark.parametrize("every", [2, 5, "epoch"])
def test_what_was_done_after_the_last_save_is_done_again(every: Any, tmp_path: Path) -> None:
    assert resumed(tmp_path / "run.npz", with_everything, 7, every) == with_everything([])


# ------------------------------------------------------------------------------------------------- the same call
def train(path: Path, epochs: int = 3, **changes: Any) -> tuple[Network, History]:
    model = Network()
    options = {"data": DATA, "optimizer": Adam(lr=0.1), "epochs": epochs, "batch_size": 8}
    return model, fit(model, callbacks=[Checkpoint(path), *changes.pop("more", ())], **{**options, **changes})


def test_a_finished_training_is_not_repeated_and_goes_on_with_more_epochs(tmp_path: Path) -> None:
    first = result(*train(tmp_path / "a.npz"))
    modified = (tmp_path / "a.npz").stat().st_mtime_ns
    assert result(*train(tmp_path / "a.npz")) == first
    assert (tmp_path / "a.npz").stat().st_mtime_ns == modified
    assert result(*train(tmp_path / "a.npz", epochs=5)) == result(*train(tmp_path / "b.npz", epochs=5))


def test_a_training_that_was_stopped_stays_stopped(tmp_path: Path) -> None:
    def stopped() -> tuple[History, EarlyStopping]:
        stopping = EarlyStopping("loss", mode="max", patience=1)
        return train(tmp_path / "a.npz", 6, more=[stopping])[1], stopping

    (first, one), (second, other) = stopped(), stopped()
    assert 1 < len(first) == len(second) < 6
    assert first.stopped == second.stopped is not None
    assert one.state_dict() == other.state_dict()


def test_the_log_of_a_resumed_training_has_each_epoch_once(tmp_path: Path) -> None:
    log = CSVLogger(tmp_path / "log.csv")
    with pytest.raises(Killed):
        train(tmp_path / "a.npz", more=[log, Kill(5)])
    _, history = train(tmp_path / "a.npz", more=[log])
    assert log.path.read_text() == history.to_csv()
    assert [line[0] for line in log.path.read_text().splitlines()] == ["e", "0", "1", "2"]


OTHERS = [
    ({"data": (X + 1, Y)}, "other data"),
    ({"data": (X, 2 - Y)}, "other data"),
    ({"validation_data": DATA}, "other validation data"),
    ({"batch_size": 4}, "other batch_size. Received: 4, saved: 8"),
    ({"seed": 1}, "other seed"),
    ({"shuffle": "once"}, "other shuffle"),
    ({"metrics": "accuracy"}, "other metrics"),
    ({"loss": lambda outputs, targets: nn.cross_entropy(outputs, targets)}, "other loss. Received: '<lambda>', saved"),
    ({"optimizer": Adam(lr=0.2)}, "other hyperparameters"),
    ({"optimizer": SGD(lr=0.1)}, "other hyperparameters"),
    ({"optimizer": AMSGrad(lr=0.1)}, "other hyperparameters"),
    ({"more": [EarlyStopping("loss")]}, "other callbacks"),
    ({"recording": True}, "other recording. Received: True, saved: False"),
]


@pytest.mark.parametrize(("changes", "message"), OTHERS)
def test_another_training_is_not_resumed(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    train(tmp_path / "a.npz")
    with pytest.raises(UsageError, match=message):
        train(tmp_path / "a.npz", **changes)


def test_a_checkpoint_of_another_model_is_not_resumed(tmp_path: Path) -> None:
    train(tmp_path / "a.npz")
    other = nn.Linear(X.shape[1], 3, rng=0)
    with pytest.raises(UsageError, match=r"Checkpoint: .*a.npz is of another training: .* Name another file"):
        fit(other, DATA, Adam(lr=0.1), epochs=3, batch_size=8, callbacks=[Checkpoint(tmp_path / "a.npz")])


def test_a_schedule_made_with_a_function_resumes(tmp_path: Path) -> None:
    def halved(callbacks: list[Any]) -> Result:
        model = plain()
        optimizer = SGD(lr=Lambda(lambda k: 0.5**k))
        return result(model, fit(model, DATA, optimizer, epochs=2, batch_size=8, callbacks=callbacks))

    assert resumed(tmp_path / "a.npz", halved, 4) == halved([])


def test_a_shared_controller_resumes(tmp_path: Path) -> None:
    def observed(callbacks: list[Any]) -> Result:
        class Feed(Callback):
            def on_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
                controller = self.training.optimizer.spec.lr
                controller.observe(logs["loss"])

        model = plain()
        optimizer = SGD(lr=ReduceOnPlateau(0.5, patience=0, threshold=0.5))
        return result(model, fit(model, DATA, optimizer, epochs=2, batch_size=8, callbacks=[Feed(), *callbacks]))

    assert resumed(tmp_path / "a.npz", observed, 4) == observed([])


def test_any_model_that_can_be_called_and_has_parameters_resumes(tmp_path: Path) -> None:
    class Bare:
        def __init__(self) -> None:
            self.layer, self.rng = plain(), np.random.default_rng(0)

        def parameters(self) -> list[Any]:
            return self.layer.parameters()

        def __call__(self, x: Any) -> Any:
            return self.layer(x + self.rng.normal(size=x.shape).astype(np.float32))

    def noisy(callbacks: list[Any]) -> Result:
        model = Bare()
        return result(model.layer, fit(model, DATA, Adam(lr=0.1), epochs=2, batch_size=8, callbacks=callbacks))

    assert resumed(tmp_path / "a.npz", noisy, 4) == noisy([])


def test_the_best_model_of_a_resumed_training_is_better_than_what_was_saved(tmp_path: Path) -> None:
    def watched(folder: Path, more: list[Any]) -> bytes:
        folder.mkdir(exist_ok=True)
        best = SaveBest(folder / "best.npz", "loss")
        fit(plain(), DATA, SGD(lr=5.0), epochs=6, batch_size=8, callbacks=[best, *more])
        return (folder / "best.npz").read_bytes()

    with pytest.raises(Killed):
        watched(tmp_path / "a", [Kill(14), Checkpoint(tmp_path / "a.npz")])
    assert watched(tmp_path / "a", [Checkpoint(tmp_path / "a.npz")]) == watched(tmp_path / "b", [])


# ------------------------------------------------------------------------------------------------------ the file
def test_a_damaged_file_is_refused_and_nothing_is_trained(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    train(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2], whole[:-1], whole[: len(whole) // 2] + bytes(64)):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"a.npz is not a whole file of a checkpoint of fit: .* Remove the file"):
            train(path)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "batch"])
def test_every_is_checked(every: Any) -> None:
    with pytest.raises(UsageError, match=r"every must be an integer >= 1. Received: every="):
        Checkpoint("a.npz", every=every)
