"""The gradients of a loss that is a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np


def value_and_gradients(loss: Callable[..., Any], variables: Sequence[Any]) -> tuple[float, list[Any]]:
    """The loss at the present point, and its gradient with respect to each variable; None for a variable without one.

    Args:
        loss: a function in NumPy with one argument for each variable; or a function without arguments that returns a
            Tensor computed from the variables, or the loss and the list of gradients.
        variables: arrays, or parameters with `data` and `grad`.

    Raises:
        TypeError: the loss is not a function, or returns something else.
    """
    if not callable(loss):
        raise TypeError(f"loss must be a function. Received: {type(loss).__name__}. Write lambda: ... around it.")
    values = [p if isinstance(p, np.ndarray) else p.data for p in variables]
    if inspect.signature(loss).parameters:
        # Imported here, so that the dialects work without autograd otherwise.
        differentiate = import_module("ravine.autograd").value_and_grad
        value, gradients = differentiate(loss, tuple(range(len(values))))(*(value.copy() for value in values))
        return float(value), [np.asarray(g, like.dtype) for g, like in zip(gradients, values, strict=True)]
    held = [None if isinstance(p, np.ndarray) else p.grad for p in variables]
    for p in variables:
        if not isinstance(p, np.ndarray):
            p.grad = None
    result = loss()
    if isinstance(result, tuple):
        value, gradients = result
        return float(value), list(gradients)
    if not hasattr(result, "backward"):
        raise TypeError(
            f"loss() must return a Tensor, or the loss and a list of gradients. Received: {type(result).__name__}. "
            "For plain arrays write it as a function of them: lambda x: ..."
        )
    result.backward()
    gradients = [None if isinstance(p, np.ndarray) or p.grad is None else p.grad.copy() for p in variables]
    for p, before in zip(variables, held, strict=True):
        if not isinstance(p, np.ndarray):
            p.grad = before
    return float(result.data), gradients
