"""keras.callbacks of Keras 2 that change the learning rate, see `keras.callbacks`."""

from __future__ import annotations

import math
from typing import Any

from ..keras import callbacks
from ..keras.callbacks import Callback

__all__ = ["Callback", "LearningRateScheduler", "ReduceLROnPlateau"]


class LearningRateScheduler(callbacks.LearningRateScheduler):
    """As in Keras 3. The learning rate is called "lr" in the logs."""

    logged_as = "lr"


class ReduceLROnPlateau(callbacks.ReduceLROnPlateau):
    """As in Keras 3, with these differences.

    min_delta may also be given under its older name epsilon. The first metric is compared with infinity, so that a NaN
    is ignored. With mode="auto" the mode is "max" for a metric with "acc" in its name, and "min" for all others. The
    learning rate is called "lr" in the logs.
    """

    logged_as = "lr"
    best_at_first = math.inf

    def __init__(self, *args: Any, **arguments: Any) -> None:
        if "epsilon" in arguments:
            if "min_delta" in arguments:
                raise TypeError("ReduceLROnPlateau: epsilon is the old name of min_delta. Received: both. Give one.")
            arguments["min_delta"] = arguments.pop("epsilon")
        super().__init__(*args, **arguments)

    def guessed(self) -> str:
        """The mode for the metric."""
        return "max" if "acc" in self.monitor else "min"
