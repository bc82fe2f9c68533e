"""An optimizer of tf.train at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..together import Together

__all__ = ["TensorFlowBound"]


class TensorFlowBound(Together):
    """An optimizer of tf.train bound to parameters."""

    __slots__ = ()

    def apply(self, pairs: Sequence[tuple[Any, Any]], count: int | None) -> None:
        """Take one update with pairs of a gradient and its parameter, as if `count` had been taken before."""
        gradients = self.handed([g for g, _ in pairs], [p for _, p in pairs])
        if count is not None:
            for block in (block for group in self.groups for block in group.blocks):
                block.clocks = [(count, *clock[1:]) for clock in block.clocks]
        self.step(gradients)

    def slot(self, parameter: Any, name: str) -> npt.NDArray[np.floating[Any]] | None:
        """A copy of a state of a parameter; None for what is not one of this optimizer's."""
        found = [place.slots[name].copy() for place in self.places if place.parameter is parameter]
        return found[0] if found else None
