"""One training step: gradients to zero, forward pass, backward pass, update."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

__all__ = ["StepResult", "training_step"]


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
