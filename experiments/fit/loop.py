"""`fit` and `evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from rich.console import Console

from ...autograd import nn, no_grad
from ...schedules.fields import NonNegativeInt, PositiveInt
from ..errors import UsageError, checked
from . import adapters
from .callbacks import shown
from .data import Rows, Shuffle, rows_of, training_and_validation
from .files import checkpoints_last
from .history import History
from .metrics import Metric, named
from .training import FitOptions, Training, scores

Loss = Callable[[Any, Any], Any]


def fit(
    model: Any,
    data: Any,
    optimizer: Any,
    epochs: int,
    batch_size: int = 32,
    *,
    loss: Loss | None = None,
    metrics: str | Metric | Sequence[str | Metric] = (),
    validation_data: Any = None,
    validation_split: float = 0.0,
    callbacks: Iterable[Any] = (),
    seed: int = 0,
    shuffle: Shuffle = True,
    recording: bool = False,
    progress: bool = True,
) -> History:
    """Train a model on batches of data. Afterwards it is in evaluation mode, with the parameters that were validated.

    After an interruption from the keyboard it has the parameters of the last step; with a `Checkpoint`, the same call
    of `fit` continues from there.

    Equal arguments give equal bits on one machine. Two things are random: the order of the batches, which `seed`
    determines, and dropout, whose layers have random generators of their own.

    Args:
        model: a Module, or anything that can be called with a batch of X and has parameters().
        data: a pair (X, y) with the same number of rows. X is an array or a CSR matrix (see `SparseLinear`), y contains
            classes or numbers. Floats are cast to the dtype of the parameters. Or a Dataset: the model is trained on
            its training split and validated on its validation split.
        optimizer: an optimizer without parameters, such as Adam(lr=1e-3), or bound to the model's parameters. It may
            come from a dialect.
        epochs: the number of passes over the data.
        batch_size: the number of rows in a batch; the last batch of an epoch may be smaller.
        loss: a function of outputs and targets, the mean over the batch; by default cross-entropy of classes, and mean
            squared error of numbers.
        metrics: names of METRICS, or functions of outputs and targets as arrays.
        validation_data: (X, y) to evaluate after each epoch.
        validation_split: instead, the fraction of the rows to validate on: the last ones, as in Keras. Shuffle rows
            that are sorted by class beforehand.
        callbacks: see `Callback`; called in this order, checkpoints last.
        seed: determines the order of the batches, in the same way as in `compare`.
        shuffle: True: reshuffled every epoch; "once": one random order for all epochs; False: the order of the data.
        recording: record the norms of gradient and update at each step, which costs copies of parameters and gradients.
        progress: show a progress bar in a terminal, a line in a notebook.

    Returns:
        The history.

    Raises:
        UsageError: a ValueError, before anything is trained: an argument has an invalid value.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.datasets import load
    >>> from ravine.optim import Adam
    >>> net = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=1))
    >>> history = fit(net, load("iris"), Adam(lr=0.01), epochs=20, metrics="accuracy")
    >>> len(history), history["val_accuracy"][-1] > 0.9
    (20, True)
    """
    adapters.check_model(model)
    epochs, batch_size = checked("fit", PositiveInt, epochs=epochs), checked("fit", PositiveInt, batch_size=batch_size)
    seed, shuffle = checked("fit", NonNegativeInt, seed=seed), checked("fit", Shuffle, shuffle=shuffle)
    if not isinstance(callbacks, Iterable):
        raise UsageError(f"fit: callbacks must be a list of them. Received: {callbacks!r}.")
    rows, validation = training_and_validation(data, validation_data, validation_split, adapters.dtype_of(model))
    options = FitOptions(loss_or_default(loss, rows), named(metrics), rows, validation, batch_size, shuffle, seed)
    bound = adapters.bound_to(optimizer, model)
    with adapters.recorded(bound) if recording else nullcontext(), shown(Console(stderr=True), progress) as display:
        return Training(model, bound, options, epochs, [*checkpoints_last(list(callbacks)), *display]).run()


def evaluate(
    model: Any,
    data: Any,
    *,
    batch_size: int = 1024,
    loss: Loss | None = None,
    metrics: str | Metric | Sequence[str | Metric] = (),
) -> dict[str, float]:
    """Return loss and metrics of (X, y), means over the rows; arguments as for `fit`.

    The model is left in evaluation mode.

    Raises:
        UsageError: as `fit`.

    >>> from ravine.autograd import nn
    >>> undecided = nn.Linear(2, 2, init="zeros")  # the loss is log(2)
    >>> scores = evaluate(undecided, (np.eye(2), np.array([0, 1])), metrics="accuracy")
    >>> {name: round(value, 3) for name, value in scores.items()}
    {'loss': 0.693, 'accuracy': 0.5}
    """
    adapters.check_model(model)
    batch_size = checked("evaluate", PositiveInt, batch_size=batch_size)
    rows = rows_of("data", data, adapters.dtype_of(model))
    adapters.set_training_mode(model, False)
    with no_grad():
        return scores(model, rows, loss_or_default(loss, rows), named(metrics), batch_size)


def loss_or_default(loss: Loss | None, rows: Rows) -> Loss:
    """Return the loss; by default, cross-entropy for integers and mean squared error for floats."""
    if loss is None:
        return nn.mse if rows.y.dtype.kind == "f" else nn.cross_entropy
    if not callable(loss):
        raise UsageError(f"fit: loss must be a function of outputs and targets. Received: loss={loss!r}.")
    return loss
