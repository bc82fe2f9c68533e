"""torch.nn.utils: clip gradients in place. Call these functions between `backward` and `step`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ....optim.norms import global_norm

__all__ = ["clip_grad_norm_", "clip_grad_value_", "get_total_norm"]


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> np.float64:
    """Multiply all gradients by min(1, max_norm / (norm + 1e-6)), where norm is their global norm.

    A gradient of norm 2 clipped to 1 has norm 0.9999995; the option clip_norm of ravine's optimizers is exact.

    Args:
        parameters: one parameter or several. Those without a gradient are skipped.
        max_norm: the largest norm, in units of g.
        norm_type: 2, 1, any other p > 0, or inf.
        error_if_nonfinite: raise an error if the norm is not finite. Otherwise all gradients become 0 or NaN.
        foreach: has no effect here.

    Returns:
        The global norm before clipping.

    Raises:
        RuntimeError: the norm is not finite, and error_if_nonfinite is true. Nothing has been changed then.
    """
    gradients = _gradients(parameters)
    norm = get_total_norm(gradients, norm_type, error_if_nonfinite)
    factor = np.minimum(np.float64(max_norm) / (norm + 1e-6), 1.0)  # NaN stays NaN
    with np.errstate(invalid="ignore"):
        for g in gradients:
            g *= float(factor)
    return np.float64(norm)


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> float:
    """The global norm of arrays. The arguments are those of `clip_grad_norm_`."""
    arrays = [np.asarray(a).reshape(-1) for a in ([tensors] if isinstance(tensors, np.ndarray) else tensors)]
    norm_type = float(norm_type)
    if norm_type == 2:
        norm = global_norm(arrays)
    elif norm_type == math.inf:
        norm = float(np.max([np.abs(a).max(initial=0.0) for a in arrays], initial=0.0))
    elif norm_type > 0:
        norm = float(sum(float(np.sum(np.abs(a.astype(np.float64)) ** norm_type)) for a in arrays) ** (1 / norm_type))
    else:
        raise ValueError(f"norm_type must be > 0. Received: norm_type={norm_type!r}. Write 2, 1 or math.inf.")
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"The norm of the gradients must be finite. Received: {norm}, and error_if_nonfinite=True. Lower lr, or "
            "look for the first operation that gives NaN."
        )
    return norm


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Clip each element of the gradients to clip_value in absolute value."""
    bound = float(clip_value)
    for g in _gradients(parameters):
        np.clip(g, -bound, bound, out=g)


def _gradients(parameters: Any) -> list[Any]:
    """The gradients of the parameters that have one."""
    alone = hasattr(parameters, "grad") or not isinstance(parameters, Iterable)
    found = [p.grad for p in ([parameters] if alone else parameters)]
    return [g for g in found if g is not None]
