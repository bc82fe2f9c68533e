"""A learning rate as Keras's programs use it: a number, and a variable."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

__all__ = ["Rate"]


class Rate(float):
    """The learning rate of an optimizer as it was when asked for. A copy of it is a plain float."""

    __slots__ = ("optimizer",)
    optimizer: Any

    def __new__(cls, value: Any, optimizer: Any) -> Self:
        """Belong to an optimizer."""
        self = super().__new__(cls, value)
        self.optimizer = optimizer
        return self

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        """Leave the optimizer behind."""
        return float, (float(self),)

    def assign(self, value: Any) -> None:
        """Set the optimizer's learning rate. Raises as setting `optimizer.learning_rate` does."""
        self.optimizer.learning_rate = value

    def numpy(self) -> np.float64:
        """The optimizer's learning rate."""
        return np.float64(self.optimizer.learning_rate)
