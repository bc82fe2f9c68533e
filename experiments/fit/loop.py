"""`fit` and `evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from rich.console import Console

from ...autograd import nn, no_grad
from ..errors import UsageError
from . import model as models
from .checkpoint import last
from .checks import whole
from .data import Rows, Shuffle, rows_of, training_and_validation
from .history import History
from .metrics import Metric, named
from .optimizers import bound_to, recorded
from .progress import shown
from .training import Plan, Training, scores

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
    """Train a model on batches of data. It is left in evaluation mode, with the parameters that were validated.

    An interruption from the keyboard leaves it with the parameters of the last step; a `Checkpoint` goes on from there.

    Equal arguments give equal bits on one machine; what is random is the model's own dropout, and what `seed` says.

    Args:
        model: a Module, or anything that can be called with a batch of X and has parameters().
        data: (X, y), of as many rows; X an array or a CSR matrix (see `SparseLinear`), y classes or numbers. Floats are
            cast to the dtype of the parameters. Or a Dataset: its training split, validated on its validation split.
        optimizer: a value such as Adam(lr=1e-3), or one bound to the model's parameters; a dialect's, too.
        epochs: passes over the data.
        batch_size: rows a step; the last batch of an epoch may be smaller.
        loss: a function of outputs and targets, the mean over the batch; by default cross-entropy of classes, and mean
            squared error of numbers.
        metrics: names of METRICS, or functions of outputs and targets as arrays.
        validation_data: (X, y) to be evaluated after each epoch.
        validation_split: instead, a share of the rows: the last ones, as in Keras. Rows sorted by class need shuffling
            beforehand.
        callbacks: see `Callback`; they are called in this order, checkpoints last.
        seed: of the batches' order, the same as in `compare`.
        shuffle: True: anew in each epoch; "once": the same order in each; False: as the data are.
        recording: note norm of gradient and length of update of each step, which costs copies of x, g and states.
        progress: show it, in a terminal or a notebook.

    Returns:
        The history.

    Raises:
        UsageError: a ValueError, before anything is trained: an argument is not what it may be.

    >>> from ravine.autograd import nn
    >>> from ravine.experiments.datasets import load
    >>> from ravine.optim import Adam
    >>> net = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=1))
    >>> history = fit(net, load("iris"), Adam(lr=0.01), epochs=20, metrics="accuracy")
    >>> len(history), history["val_accuracy"][-1] > 0.9
    (20, True)
    """
    models.check(model)
    epochs, batch_size = whole("fit", "epochs", epochs, 1), whole("fit", "batch_size", batch_size, 1)
    seed = whole("fit", "seed", seed, 0)
    if not (isinstance(shuffle, bool) or (isinstance(shuffle, str) and shuffle == "once")):
        raise UsageError(f"fit: shuffle must be True, 'once' or False. Received: shuffle={shuffle!r}.")
    if not isinstance(callbacks, Iterable):
        raise UsageError(f"fit: callbacks must be a list of them. Received: {callbacks!r}.")
    rows, validation = training_and_validation(data, validation_data, validation_split, models.dtype_of(model))
    plan = Plan(chosen(loss, rows), named(metrics), rows, validation, batch_size, shuffle, seed)
    bound = bound_to(optimizer, model)
    with recorded(bound) if recording else nullcontext(), shown(Console(stderr=True), progress) as display:
        return Training(model, bound, plan, epochs, [*last(list(callbacks)), *display]).run()


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
    models.check(model)
    batch_size = whole("evaluate", "batch_size", batch_size, 1)
    rows = rows_of("data", data, models.dtype_of(model))
    models.switch(model, False)
    with no_grad():
        return scores(model, rows, chosen(loss, rows), named(metrics), batch_size)


def chosen(loss: Loss | None, rows: Rows) -> Loss:
    """The loss; if there is none, cross-entropy for integers, mean squared error for floats."""
    if loss is None:
        return nn.mse if rows.y.dtype.kind == "f" else nn.cross_entropy
    if not callable(loss):
        raise UsageError(f"fit: loss must be a function of outputs and targets. Received: loss={loss!r}.")
    return loss
