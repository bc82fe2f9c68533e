"""The training loop: the same numbers as a loop written out, and what it tells about them."""

import io
import math
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy import sparse

from ravine.autograd import check_grads, nn, no_grad
from ravine.dialects import keras, keras2, tf1, torch
from ravine.experiments import UsageError, datasets
from ravine.experiments.fit import METRICS, SparseDropout, SparseLinear, WeightAveraging, evaluate, fit
from ravine.experiments.fit.callback import Callback
from ravine.experiments.fit.callbacks import shown
from ravine.experiments.fit.data import _product, order
from ravine.experiments.problems import Stream, generator
from ravine.optim import LBFGS, SGD, Adam, AdamW, ScheduleFreeSGD
from ravine.schedules import Linear, ReduceOnPlateau

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype(np.float32)
CLASSES = RNG.integers(0, 3, size=50)
NUMBERS = (X @ RNG.normal(size=(4, 1))).astype(np.float32)


def network(outputs: int = 3, dropout: float = 0.0) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Dropout(dropout, rng=2), nn.Linear(8, outputs, rng=1))


def bits(model: Any) -> bytes:
    return b"".join(p.data.tobytes() for p in model.parameters())


def by_hand(model: Any, optimizer: Any, orders: list[Any], size: int, loss: Any = nn.cross_entropy) -> list[float]:
    """A loop written out."""
    losses = []
    for rows in orders:
        for first in range(0, len(rows), size):
            batch = rows[first : first + size]
            optimizer.zero_grad()
            value = loss(model(X[batch]), CLASSES[batch])
            value.backward()
            optimizer.step()
            losses.append(float(value.data))
    return losses


ORDERS = {
    True: [generator(7, Stream.ORDER, epoch).permutation(50) for epoch in range(3)],
    "once": [generator(7, Stream.ORDER, 0).permutation(50)] * 3,
    False: [np.arange(50)] * 3,
}


@pytest.mark.parametrize("shuffle", ORDERS)
def test_it_is_the_loop_written_out(shuffle: Any) -> None:
    model, other = network(dropout=0.3), network(dropout=0.3)
    history = fit(model, (X, CLASSES), Adam(lr=0.01), epochs=3, batch_size=16, seed=7, shuffle=shuffle)
    assert history.steps["loss"] == by_hand(other, Adam(other.parameters(), lr=0.01), ORDERS[shuffle], 16)
    assert bits(model) == bits(other)


COUNTER = tf1.Variable(0, trainable=False)
BINDINGS = {
    "bound": lambda params: Adam(params, lr=0.01),
    "torch": lambda params: torch.Adam(params, lr=0.01),
    "torch groups": lambda params: torch.SGD([{"params": params[:2]}, {"params": params[2:], "lr": 0.1}], lr=0.01),
    "keras": lambda params: keras.Adam(learning_rate=0.01).bind(params),
    "keras2": lambda params: keras2.SGD(lr=0.1, decay=0.01, momentum=0.9).bind(params),
    "tf1": lambda params: tf1.AdamOptimizer(tf1.exponential_decay(0.15, COUNTER, 1, 0.9999)).bind(params),
}


@pytest.mark.parametrize("name", BINDINGS)
def test_any_optimizer_will_do(name: str) -> None:
    model, other = network(), network()
    bind = BINDINGS[name]
    history = fit(model, (X, CLASSES), bind(model.parameters()), epochs=3, batch_size=16, shuffle=False, recording=True)
    assert history.steps["loss"] == by_hand(other, bind(other.parameters()), ORDERS[False], 16)
    assert bits(model) == bits(other)
    assert all(value > 0 for value in history.steps["update_ratio"])


@pytest.mark.parametrize("value", [Adam(lr=0.01), torch.Adam(lr=0.01), keras.Adam(learning_rate=0.01)], ids=repr)
def test_a_value_is_bound_anew_each_time(value: Any) -> None:
    first, second = network(), network()
    histories = [fit(model, (X, CLASSES), value, epochs=2) for model in (first, second)]
    assert bits(first) == bits(second)
    assert histories[0].steps == histories[1].steps


def test_a_plateau_controller_of_a_value_starts_afresh() -> None:
    reduced = ReduceOnPlateau(0.1, patience=0)
    for _ in range(3):
        reduced.observe(1.0)
    assert fit(network(), (X, CLASSES), SGD(lr=reduced), epochs=1)["lr"] == [0.1]
    assert reduced(0) < 0.1


def test_a_rule_that_searches_gets_a_closure() -> None:
    history = fit(network(), (X, CLASSES), LBFGS(lr=1.0), epochs=20, batch_size=50, metrics="accuracy")
    assert history["loss"][-1] < 0.5 * history["loss"][0]


# --------------------------------------------------------------------------------------------------- the history
def test_epochs_are_means_over_rows_and_validation_is_evaluated_after_them() -> None:
    model = network()
    held_out = X[:20], CLASSES[:20]
    history = fit(
        model, (X, CLASSES), Adam(lr=0.01), epochs=2, batch_size=16, metrics="accuracy", validation_data=held_out
    )
    weights = [16, 16, 16, 2]
    for epoch in range(2):
        losses = history.steps["loss"][4 * epoch : 4 * epoch + 4]
        assert history["loss"][epoch] == pytest.approx(np.average(losses, weights=weights), rel=1e-12)
    scores = evaluate(model, held_out, metrics="accuracy")
    assert history["val_loss"][-1] == pytest.approx(scores["loss"], rel=1e-6)
    assert history["val_accuracy"][-1] == scores["accuracy"]
    with no_grad():
        logits = model(X[:20]).data
    assert scores["accuracy"] == np.mean(logits.argmax(1) == CLASSES[:20])


def test_the_history_reads_as_columns_and_as_csv() -> None:
    history = fit(network(), (X, CLASSES), SGD(lr=Linear(0.1, 0.0, 8)), epochs=2, batch_size=16)
    assert history["lr"] == [history.steps["lr"][3], history.steps["lr"][7]]
    np.testing.assert_allclose(history.steps["lr"], 0.1 * (1 - np.arange(8) / 8), rtol=1e-12)
    header, *rows = history.to_csv().splitlines()
    assert header == "epoch,loss,lr"
    assert [float(cell) for cell in rows[1].split(",")] == [1, history["loss"][1], history["lr"][1]]
    assert repr(history).startswith("<History of 2 epochs: loss ")
    with pytest.raises(KeyError, match=r"no 'val_loss'. It has: loss, lr"):
        history["val_loss"]


def test_a_recorded_step_has_the_norms_of_gradient_and_update() -> None:
    model, other = network(), network()
    history = fit(
        model, (X, CLASSES), SGD(lr=0.1, accumulate=2), epochs=1, batch_size=25, shuffle=False, recording=True
    )
    nn.cross_entropy(other(X), CLASSES).backward()
    x = math.sqrt(sum(np.sum(p.data.astype(np.float64) ** 2) for p in other.parameters()))
    g = math.sqrt(sum(np.sum(p.grad.astype(np.float64) ** 2) for p in other.parameters()))
    assert math.isnan(history.steps["gradient_norm"][0])  # the first batch is only accumulated
    assert history.steps["gradient_norm"][1] == pytest.approx(g, rel=1e-5)
    assert history.steps["update_ratio"][1] == pytest.approx(0.1 * g / x, rel=1e-5)
    assert set(fit(network(), (X, CLASSES), SGD(lr=0.1), epochs=1).steps) == {"lr", "loss"}


def test_recording_ends_with_the_training() -> None:
    model = network()
    optimizer = SGD(model.parameters(), lr=0.1)
    assert "update_ratio" in fit(model, (X, CLASSES), optimizer, epochs=1, recording=True).steps
    assert "update_ratio" not in fit(model, (X, CLASSES), optimizer, epochs=1).steps
    optimizer.recording = True
    assert "update_ratio" in fit(model, (X, CLASSES), optimizer, epochs=1).steps
    assert optimizer.recording


@pytest.mark.parametrize("moment", ["a batch", "a loss", "the validation"])
def test_an_interruption_leaves_a_model_that_can_be_used(moment: str) -> None:
    model, other = network(dropout=0.3), network(dropout=0.3)
    optimizer, steps = Adam(model.parameters(), lr=0.1, ema=0.9), []

    class Count(Callback):
        def on_batch_end(self, batch: int, logs: Any) -> None:
            steps.append(batch)
            if moment == "a batch" and len(steps) == 3:
                raise KeyboardInterrupt

    def loss(outputs: Any, targets: Any) -> Any:
        if len(steps) == 3 and moment == ("a loss" if model.training else "the validation"):
            raise KeyboardInterrupt
        return nn.cross_entropy(outputs, targets)

    options: dict[str, Any] = {"batch_size": 16, "validation_split": 0.2, "loss": loss}
    with pytest.raises(KeyboardInterrupt):
        fit(model, (X, CLASSES), optimizer, epochs=2, callbacks=[WeightAveraging(), Count()], **options)
    assert not model.training
    fit(other, (X[:40], CLASSES[:40]), Adam(lr=0.1), epochs=1, batch_size=16)
    assert len(steps) == 3
    assert bits(model) == bits(other)  # neither the average nor half a step


def test_the_model_trains_in_training_mode_and_is_left_in_evaluation_mode() -> None:
    class Watched(nn.Module):
        def __init__(self) -> None:
            self.inner, self.seen = nn.Linear(4, 3, rng=0), []

        def forward(self, x: Any) -> Any:
            self.seen.append(self.training)
            return self.inner(x)

    model = Watched().eval()
    fit(model, (X, CLASSES), SGD(lr=0.1), epochs=2, batch_size=25, validation_data=(X, CLASSES))
    assert model.seen == [True, True, False, False] * 2
    assert not model.training
    assert not model.inner.training


def test_a_rule_that_keeps_an_average_is_validated_and_left_at_it() -> None:
    model, other = network(), network()
    history = fit(model, (X, CLASSES), ScheduleFreeSGD(lr=0.1), epochs=3, batch_size=16, validation_data=(X, CLASSES))
    opt = ScheduleFreeSGD(other.parameters(), lr=0.1)
    by_hand(other, opt, [generator(0, Stream.ORDER, epoch).permutation(50) for epoch in range(3)], 16)
    assert bits(model) != bits(other)
    with opt.averaged():
        assert bits(model) == bits(other)
        assert history["val_loss"][-1] == pytest.approx(evaluate(other, (X, CLASSES))["loss"], rel=1e-6)


# ------------------------------------------------------------------------------------------------------ the data
def test_numbers_are_fitted_by_least_squares() -> None:
    model = nn.Linear(4, 1, rng=0)
    history = fit(model, (X, NUMBERS), Adam(lr=0.1), epochs=150, batch_size=50, metrics="mean_absolute_error")
    exact = np.linalg.lstsq(np.c_[X, np.ones(50)], NUMBERS)[0]
    np.testing.assert_allclose(model.weight.data, exact[:4], atol=1e-3)
    assert history["mean_absolute_error"][-1] < 1e-2


def test_floats_are_cast_to_the_parameters_dtype() -> None:
    single, double = network(), network()
    fit(single, (X, CLASSES), Adam(lr=0.01), epochs=2)
    fit(double, (X.astype(np.float64), CLASSES), Adam(lr=0.01), epochs=2)
    assert bits(single) == bits(double)
    assert {p.data.dtype for p in double.parameters()} == {np.dtype(np.float32)}


def test_a_dataset_is_trained_on_one_split_and_validated_on_another() -> None:
    data = datasets.load("iris")
    first, second = network(), network()
    history = fit(first, data, Adam(lr=0.01), epochs=2)
    other = fit(second, data.split("train"), Adam(lr=0.01), epochs=2, validation_data=data.split("validation"))
    assert history.epochs == other.epochs
    assert bits(first) == bits(second)


# Keras's: of n rows and a share, how many are trained on.
KERAS_S_SPLITS = [(50, 0.33, 33), (351, 0.33, 235), (10, 0.25, 7), (7, 0.5, 3), (100, 0.29, 71), (3, 0.1, 2)]


@pytest.mark.parametrize(("count", "share", "trained"), KERAS_S_SPLITS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_validation_split_is_the_last_rows_and_never_trained_on(
    count: int, share: float, trained: int, seed: int
) -> None:
    marked, seen = np.arange(count, dtype=np.float32)[:, None].repeat(4, 1), {True: set(), False: set()}

    class Watched(nn.Linear):
        def forward(self, x: Any) -> Any:
            seen[self.training] |= set(x[:, 0])
            return super().forward(x)

    data = marked, np.arange(count) % 3
    fit(Watched(4, 3, rng=0), data, SGD(lr=0.0), epochs=2, validation_split=share, seed=seed)
    assert seen == {True: set(range(trained)), False: set(range(trained, count))}


def test_the_order_is_that_of_compare_and_a_function_of_seed_and_epoch() -> None:
    assert np.array_equal(order(9, 3, 2, True), generator(3, Stream.ORDER, 2).permutation(9))
    assert not np.array_equal(order(9, 3, 1, True), order(9, 3, 2, True))
    assert np.array_equal(order(9, 3, 1, "once"), order(9, 3, 2, "once"))


# -------------------------------------------------------------------------------------------------- sparse input
BAGS = sparse.random_array((50, 6), density=0.4, rng=np.random.default_rng(1), format="csr", dtype=np.float32)


def test_a_sparse_layer_is_the_dense_one() -> None:
    thin, full = SparseLinear(6, 3, rng=0), nn.Linear(6, 3, rng=0)
    first = fit(thin, (BAGS, CLASSES), Adam(lr=0.1), epochs=5, validation_split=0.2)
    second = fit(full, (BAGS.toarray(), CLASSES), Adam(lr=0.1), epochs=5, validation_split=0.2)
    np.testing.assert_allclose(first["val_loss"], second["val_loss"], rtol=1e-5)
    np.testing.assert_allclose(thin.weight.data, full.weight.data, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match=r"SparseLinear\(6, 3\): x must have 6 columns. Received: 5"):
        thin(BAGS[:, :5])


def test_the_sparse_product_has_every_derivative() -> None:
    A = BAGS[:5].astype(np.float64)
    check_grads(lambda w: np.sum(np.sin(_product(A, w))), RNG.normal(size=(6, 2)), order=2)


def test_sparse_dropout_keeps_the_mean_and_draws_for_stored_entries_only() -> None:
    ones = sparse.csr_array(np.ones((100, 100), np.float32))
    layer = SparseDropout(0.25, rng=0)
    dropped = layer(ones)
    assert set(dropped.data.tolist()) == {0.0, float(np.float32(1) / np.float32(0.75))}
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    assert dropped.dtype == np.float32
    assert layer.eval()(ones) is ones


# ------------------------------------------------------------------------------------------------------- metrics
def test_metrics_by_hand() -> None:
    logits, labels = np.array([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0]]), np.array([1, 1, 1])
    assert METRICS["accuracy"](logits, labels) == 2 / 3
    assert METRICS["binary_accuracy"](np.array([[0.6], [0.4], [0.5]]), labels) == 1 / 3
    assert METRICS["mean_absolute_error"](np.array([1.0, 2.0]), np.array([0.0, 4.0])) == 1.5


def test_a_function_is_a_metric_by_its_name() -> None:
    def worst(outputs: Any, targets: Any) -> float:
        return float(outputs.max())

    history = fit(network(), (X, CLASSES), SGD(lr=0.1), epochs=1, metrics=[worst, "accuracy"])
    assert list(history.epochs[0]) == ["loss", "worst", "accuracy", "lr"]


def test_a_metric_may_be_called_anything_that_is_not_taken() -> None:
    def rows(outputs: Any, targets: Any) -> Any:
        return np.array(len(targets))

    history = fit(network(), (X, CLASSES), SGD(lr=0.1), epochs=2, batch_size=16, metrics=rows)
    assert history["rows"] == [(16 * 16 * 3 + 2 * 2) / 50] * 2


# -------------------------------------------------------------------------------------------------------- errors
def loss(outputs: Any, targets: Any) -> float:
    return 0.0


GOOD: dict[str, Any] = {"data": (X, CLASSES), "optimizer": AdamW(lr=0.1), "epochs": 1}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"epochs": 0}, "epochs must be an integer >= 1. Received: epochs=0"),
    ({"batch_size": 1.5}, "batch_size must be an integer >= 1. Received: batch_size=1.5"),
    ({"epochs": True}, "epochs must be an integer >= 1. Received: epochs=True"),
    ({"seed": -1}, "seed must be an integer >= 0. Received: seed=-1"),
    ({"seed": True}, "seed must be an integer >= 0. Received: seed=True"),
    ({"shuffle": "never"}, "shuffle must be True or 'once' or False. Received: shuffle='never'"),
    ({"shuffle": 1}, "shuffle must be True or 'once' or False. Received: shuffle=1"),
    ({"shuffle": np.arange(50)}, "shuffle must be True or 'once' or False. Received: shuffle=array"),
    ({"loss": "mse"}, "loss must be a function of outputs and targets. Received: loss='mse'"),
    ({"loss": loss}, "loss must return a Tensor .* Received: 0.0"),
    ({"metrics": None}, "metrics must be a name, a function, or a list of them. Received: metrics=None"),
    ({"metrics": [loss]}, "no metric may be called 'loss'"),
    ({"metrics": [lambda o, t: 1.0, lambda o, t: 2.0]}, "two metrics are called '<lambda>'"),
    ({"metrics": [lambda o, t: o]}, r"metric '<lambda>' must return a number. Received: array"),
    ({"metrics": [lambda o, t: None]}, "metric '<lambda>' must return a number. Received: None"),
    ({"callbacks": None}, "callbacks must be a list of them. Received: None"),
    ({"callbacks": Callback()}, "callbacks must be a list of them. Received: <"),
    ({"callbacks": [WeightAveraging]}, "a callback must be an object, not a class. Received: <class .*WeightAveraging"),
    ({"data": (X.astype(str), CLASSES)}, "X of data must be numbers. Received: dtype <U"),
    ({"data": (X.astype(object), CLASSES)}, "X of data must be numbers. Received: dtype object"),
    ({"data": (X.astype(complex), CLASSES)}, "X of data must be numbers. Received: dtype complex128"),
    ({"validation_data": datasets.load("iris")}, r"a pair \(X, y\). Received: Dataset. Name a split"),
    ({"validation_split": "0.2"}, r"validation_split must be a number in \[0, 1\). Received: validation_split='0.2'"),
    ({"validation_split": None}, r"validation_split must be a number in \[0, 1\). Received: validation_split=None"),
    ({"model": nn.Tanh}, r"a model must be callable and have parameters\(\). Received: <class"),
    ({"data": X}, r"data must be a pair \(X, y\). Received: ndarray"),
    ({"data": (X, CLASSES[:9])}, r"as many rows, at least one. Received: shapes \(50, 4\) and \(9,\)"),
    ({"data": (X[:0], CLASSES[:0])}, "at least one"),
    ({"data": (X, CLASSES.astype(str))}, "must be integers, one class each, or floats. Received: dtype <U"),
    ({"validation_split": 1.0}, r"validation_split must be a number in \[0, 1\). Received: validation_split=1.0"),
    ({"validation_split": 0.99}, "must leave rows on both sides. Received: validation_split=0.99 of 50 rows"),
    ({"validation_split": 0.1, "validation_data": (X, CLASSES)}, "validation_data or validation_split. Received: both"),
    ({"optimizer": 0.1}, "optimizer must be one, such as .* Received: 0.1"),
    ({"optimizer": Adam(network().parameters(), lr=0.1)}, "bound to parameters that are not the model's"),
    ({"metrics": "acuracy"}, "Unknown metric: 'acuracy'. Did you mean 'accuracy'?"),
    ({"callbacks": [3]}, "a callback must have one of on_train_begin, .* Received: 3"),
    ({"model": 3}, r"a model must be callable and have parameters\(\). Received: 3"),
    ({"model": nn.Tanh()}, "has no parameters"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_what_cannot_be_done_is_refused_at_the_door(change: dict[str, Any], message: str) -> None:
    model = network()
    before = bits(model)
    with pytest.raises(UsageError, match=message):
        fit(**{"model": model, **GOOD, **change})
    assert bits(model) == before


def test_numpy_s_whole_numbers_are_whole_numbers_and_the_first_arguments_need_no_names() -> None:
    model, other = network(), network()
    history = fit(model, (X, CLASSES), SGD(lr=0.1), np.int64(2), np.int32(16), seed=np.uint8(1))
    assert history.steps == fit(other, (X, CLASSES), SGD(lr=0.1), epochs=2, batch_size=16, seed=1).steps


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("accuracy", (50, 1), "one a class"),
        ("binary_accuracy", (50, 3), "one output"),
        ("mean_absolute_error", (50, 3), "one shape"),
    ],
)
def test_metrics_refuse_outputs_of_another_kind(name: str, shape: tuple[int, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        METRICS[name](np.zeros(shape), np.zeros(50))


# --------------------------------------------------------------------------------------------------- the display
@pytest.mark.parametrize("kind", ["terminal", "notebook", "file", "off"])
def test_progress_is_shown_where_somebody_looks(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), force_terminal=kind == "terminal", force_jupyter=kind == "notebook")
    with shown(console, kind != "off") as callbacks:
        assert all(isinstance(callback, Callback) for callback in callbacks)
        fit(network(), (X, CLASSES), SGD(lr=0.1), epochs=2, callbacks=callbacks, progress=False)
    bar, line = console.file.getvalue(), capsys.readouterr().out
    assert ("epoch 2/2  loss " in bar) == (kind == "terminal")
    assert ("\repoch 2/2  loss " in line) == (kind == "notebook")
    if kind in ("file", "off"):
        assert bar == line == ""
