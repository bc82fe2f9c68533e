"""Where an optimizer ends, from every point of a grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...autograd import grad
from ...optim import Optimizer
from ...optim.tiers import ELEMENTS

__all__ = ["attraction"]


def attraction(
    f: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    x: ArrayLike,
    y: ArrayLike,
    minima: Sequence[tuple[float, float]],
    steps: int,
    *,
    within: float = 0.1,
) -> NDArray[np.intp]:
    """Start an optimizer at every point of a grid at once, and return which minimum each start leads to.

    Args:
        f: from arrays or Tensors x, y to the same, element by element: `Function.f`.
        optimizer: unbound; its rule works element by element, so that starts don't meet.
        x: of the starts, shape (columns,).
        y: of the starts, shape (rows,).
        minima: where to arrive.
        steps: how many each start takes.
        within: the distance from a minimum that counts as arrived.

    Returns:
        Shape (rows, columns): the index of the minimum, -1 for none of them.

    Raises:
        ValueError: the optimizer is bound, or its rule or an option of it sees more than one element at a time; there
            are no minima.

    >>> from ravine.optim import SGD
    >>> wells = [(-1, 0), (1, 0)]
    >>> attraction(lambda x, y: (x**2 - 1) ** 2 + y**2, SGD(lr=0.1), [-1.5, -0.5, 0, 0.5], [0, 1], wells, 100).tolist()
    [[0, 0, -1, 1], [0, 0, -1, 1]]
    """
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"attraction: an unbound optimizer is needed, such as Adam(lr=0.1). Received: {optimizer!r}.")
    if not len(minima):
        raise ValueError("attraction: there is nowhere to arrive. Give at least one minimum.")
    norms = (optimizer.clip_norm, optimizer.clip_each_norm, optimizer.clip_adaptive)
    if optimizer.tier is not ELEMENTS or any(norms) or optimizer.nonfinite != "propagate":
        raise ValueError(
            "attraction: all starts take a step at once, which needs an optimizer that works element by element. "
            f"Received: {optimizer!r}. Call minimize for each start."
        )
    starts = np.stack(np.meshgrid(np.asarray(x, np.float64), np.asarray(y, np.float64)), axis=-1)
    points = starts.reshape(-1, 2)
    bound = optimizer.bind([points])
    slope = grad(lambda places: np.sum(f(places[:, 0], places[:, 1])))
    with np.errstate(all="ignore"):  # a start that diverges overflows, and arrives nowhere
        for _ in range(steps):
            bound.step([slope(points.copy())])
        distances = np.linalg.norm(points[:, None] - np.asarray(minima), axis=-1)
    nearest = np.where(np.isfinite(distances), distances, np.inf)
    reached = np.where(nearest.min(axis=1) <= within, nearest.argmin(axis=1), -1)
    return reached.reshape(starts.shape[:2])
