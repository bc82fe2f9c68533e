"""One step count for all parameters, as in Keras and TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..optim.bound import BoundOptimizer


class SharedStepCount(BoundOptimizer):
    """A bound optimizer whose parameters share one step count.

    An update does not move a parameter without a gradient, but counts a step for it: at its next gradient it has the
    same bias corrections, and with NAdam the same product of momentums, as the other parameters. (In the optimizers of
    ravine, as in PyTorch, each parameter counts its own updates.)
    """

    def step(self, gradients: Any = None) -> Any:
        """Take one update, see `BoundOptimizer.step`."""
        before = self.t
        loss = super().step(gradients)
        if self.t > before:
            self._share_step_count()
        return loss

    def _share_step_count(self) -> None:
        """Count the last update for the parameters without a gradient as well, and update their averages."""
        buffers = [buffer for group in self.groups for buffer in group.buffers]
        latest = max(counts for buffer in buffers for counts in buffer.step_counts)
        for view in self._views:
            if view.buffer.step_counts[view.index] != latest and self.spec.ema is not None:
                average = view.arrays["x_ema"]
                average += (view.x - average) * (1 if latest[0] == 1 else 1 - self.ema)
        for buffer in buffers:
            buffer.step_counts = [latest] * len(buffer.step_counts)

    def gradients_for_all(self, grads: Sequence[Any], variables: Sequence[Any]) -> list[npt.NDArray[Any] | None]:
        """One gradient for each parameter of this optimizer, None where `variables` does not have it.

        Args:
            grads: arrays, Tensors or None.
            variables: the parameter of each gradient.

        Raises:
            ValueError: a parameter does not belong to this optimizer, none has a gradient, or the lengths differ.
        """
        if len(grads) != len(variables):
            raise ValueError(f"There must be one gradient per parameter, {len(variables)}. Received: {len(grads)}.")
        at = {id(view.parameter): index for index, view in enumerate(self._views)}
        if any(id(p) not in at for p in variables):
            raise ValueError("A parameter is not one of those that this optimizer works on. Make another optimizer.")
        if all(g is None for g in grads):
            raise ValueError("No parameter has a gradient. Received: None for each. Compute one.")
        gradients: list[npt.NDArray[Any] | None] = [None] * len(self._views)
        for p, g in zip(variables, grads, strict=True):
            if g is not None:
                gradients[at[id(p)]] = g.data if hasattr(g, "backward") else np.asarray(g)
        return gradients
