"""One count of updates for all parameters, as Keras and TensorFlow have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..optim.bound import BoundOptimizer

__all__ = ["Together"]


class Together(BoundOptimizer):
    """A bound optimizer whose parameters have all had the same number of updates.

    A parameter without a gradient stays as it is, but the bias corrections at its next gradient, and NAdam's product,
    are those of the others. (Elsewhere here, as in PyTorch, a parameter counts its own updates.)
    """

    def step(self, gradients: Any = None) -> Any:
        """Take one update, see `BoundOptimizer.step`."""
        before = self.t
        loss = super().step(gradients)
        if self.t > before:
            self.keep_together()
        return loss

    def keep_together(self) -> None:
        """Count the last update for the parameters that had no gradient, too, and their averages."""
        blocks = [block for group in self.groups for block in group.blocks]
        latest = max(clock for block in blocks for clock in block.clocks)
        for place in self.places:
            if place.block.clocks[place.index] != latest and self.spec.ema is not None:
                average = place.slots["x_ema"]
                average += (place.x - average) * (1 if latest[0] == 1 else 1 - self.ema)
        for block in blocks:
            block.clocks = [latest] * len(block.clocks)

    def handed(self, grads: Sequence[Any], variables: Sequence[Any]) -> list[npt.NDArray[Any] | None]:
        """One gradient for each parameter here, from gradients for some of them; Tensors become arrays.

        Raises:
            ValueError: a parameter is not one of this optimizer's, none has a gradient, or the numbers differ.
        """
        if len(grads) != len(variables):
            raise ValueError(f"There must be one gradient per parameter, {len(variables)}. Received: {len(grads)}.")
        at = {id(place.parameter): index for index, place in enumerate(self.places)}
        if any(id(p) not in at for p in variables):
            raise ValueError("A parameter is not one of those that this optimizer works on. Make another optimizer.")
        if all(g is None for g in grads):
            raise ValueError("No parameter has a gradient. Received: None for each. Compute one.")
        gradients: list[npt.NDArray[Any] | None] = [None] * len(self.places)
        for p, g in zip(variables, grads, strict=True):
            if g is not None:
                gradients[at[id(p)]] = g.data if hasattr(g, "backward") else np.asarray(g)
        return gradients
