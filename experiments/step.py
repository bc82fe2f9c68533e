"""One training step - gradients to zero, forward pass, backward pass, update - and what can be measured at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..optim.norms import global_norm


class StepResult(NamedTuple):
    """The result of a training step.

    Attributes:
        loss: the loss before the update.
        seconds: the time of the whole step.
        update_seconds: the time after the first forward and backward pass. For most rules that is the update alone; for
            a rule with a line search, such as LBFGS, it includes the further evaluations of the loss.
    """

    loss: float
    seconds: float
    update_seconds: float


def training_step(optimizer: Any, loss: Callable[[], Any]) -> StepResult:
    """Take one step of any optimizer that has `zero_grad()` and `step(closure)`.

    Args:
        optimizer: bound to the parameters.
        loss: computes the loss, a Tensor with one element. A rule with a line search, such as LBFGS, calls it several
            times.

    >>> from ravine.autograd import Parameter
    >>> from ravine.optim import SGD
    >>> x = Parameter(np.array([3.0]))
    >>> training_step(SGD([x], lr=0.5), lambda: np.sum(x**2) / 2).loss, x.data.tolist()
    (4.5, [1.5])
    """
    evaluated: list[float] = []

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        evaluated.append(perf_counter())
        return float(value.data)

    began = perf_counter()
    value = optimizer.step(closure)
    ended = perf_counter()
    return StepResult(float(value), ended - began, ended - evaluated[0])


Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class StepValues:
    """The values of one step, which the measures are computed from.

    Attributes:
        loss: the loss before the step.
        gradients: the gradients of the last evaluation in it.
        before: the parameters before the step.
        after: the parameters after it.
    """

    loss: float
    gradients: Arrays
    before: Arrays
    after: Arrays


def norm(arrays: Arrays) -> float:
    """Return the global Euclidean norm, summed in float64."""
    return global_norm(array.ravel() for array in arrays)


def update_norm(step: StepValues) -> float:
    """Return the norm of the update."""
    return norm([after - before for before, after in zip(step.before, step.after, strict=True)])


MEASURES: dict[str, Callable[[StepValues], float]] = {
    "batch_loss": lambda step: step.loss,
    "gradient_norm": lambda step: norm(step.gradients),
    "parameter_norm": lambda step: norm(step.after),
    "update_norm": update_norm,
    "update_ratio": lambda step: update_norm(step) / (norm(step.before) or 1.0),
}
"""The measures by name. A result has the mean of each over the steps of an epoch."""
