"""Where one parameter lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .group import Group
from .storage import Block

__all__ = ["Place"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one parameter lies."""

    name: str
    parameter: Any
    group: Group
    block: Block
    index: int
    what: str
    """What its gradient is called in messages."""
    x: Array
    """Its values, in the block."""

    @property
    def data(self) -> Array:
        """Its values, where the caller sees them."""
        array: Array = self.parameter if isinstance(self.parameter, np.ndarray) else self.parameter.data
        return array

    @property
    def slots(self) -> dict[str, Array]:
        """Its states that are arrays."""
        return self.block.slots(self.index)

    @property
    def scalars(self) -> dict[str, float]:
        """Its states that are numbers."""
        return dict(zip(self.group.kernel.scalars, self.block.clocks[self.index][1:], strict=True))
