"""What a rule is given at a time: elements, whole tensors, or all parameters of a group as one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy.typing as npt

from ..kernels import ArrayRule, Kernel, Rule

if TYPE_CHECKING:
    from .optimizer import Optimizer
    from .storage import Block

__all__ = ["ELEMENTS", "JOINT", "TENSORS", "Tier"]

Array = npt.NDArray[Any]
Call = tuple[int, int, Sequence[Array]]


class Tier(ABC):
    """How the arrays of a block go to a rule."""

    compile: ClassVar[type[Rule]] = ArrayRule

    def __repr__(self) -> str:
        """The name of the one value that there is."""
        return type(self).__name__.upper()

    @abstractmethod
    def start(self, spec: Optimizer, slot: str, block: Block) -> Array | list[Array]:
        """The first value of a state."""

    @abstractmethod
    def calls(self, block: Block, first: int, last: int) -> Iterable[Call]:
        """For the parameters [first, last), which have equal clocks: (i, j, arrays) for each call of the rule.

        The parameters [i, j) are updated by it; the arrays are x, g and the states.
        """


class Elements(Tier):
    """A rule for one element: a kernel passes over all parameters at once."""

    compile = Kernel

    def start(self, spec: Optimizer, slot: str, block: Block) -> Array:
        """A flat array like x."""
        return spec.start(slot, block.x)

    def calls(self, block: Block, first: int, last: int) -> Iterable[Call]:
        """One, on flat stretches."""
        arrays = (block.x, block.g, *block.states.values())
        if last - first < len(block.clocks):
            arrays = tuple(block.stretch(flat, first, last) for flat in arrays)  # type: ignore[arg-type]
        return ((first, last, arrays),)  # type: ignore[return-value]


class Tensors(Tier):
    """A rule for one parameter, which sees its shape. A state may have any shape: `Optimizer.start` makes it.

    >>> from ravine.optim import TENSORS, LBFGS, Adam, Muon
    >>> [cls.tier is TENSORS for cls in (Adam, Muon, LBFGS)]
    [False, True, False]
    """

    def start(self, spec: Optimizer, slot: str, block: Block) -> list[Array]:
        """One array per parameter."""
        return [spec.start(slot, block.part(block.x, index)) for index in range(len(block.clocks))]

    def calls(self, block: Block, first: int, last: int) -> Iterable[Call]:
        """One by one, in their shapes; an empty one has nothing to update."""
        for index in range(first, last):
            x, g = block.part(block.x, index), block.part(block.g, index)
            g.flags.writeable = False  # it may be the caller's
            if x.size:
                yield index, index + 1, (x, g, *block.slots(index).values())


class Joint(Tier):
    """A rule for all parameters of a group as one vector. A state has the shape (..., size of x).

    A missing gradient counts as zeros where another parameter has one, unless it is an error. Sums run along the
    vector, so that a run resumes to the same bits only with the parameters in the same order.

    >>> from ravine.optim import JOINT, LBFGS, Adam, Muon
    >>> [cls.tier is JOINT for cls in (Adam, Muon, LBFGS)]
    [False, False, True]
    """

    def start(self, spec: Optimizer, slot: str, block: Block) -> Array:
        """An array whose last axis is that of x."""
        return spec.start(slot, block.x)

    def calls(self, block: Block, first: int, last: int) -> Iterable[Call]:
        """One: all parameters of a block have the same clocks."""
        g = block.g[:]
        g.flags.writeable = False  # it may be the caller's
        yield first, last, (block.x, g, *block.states.values())  # type: ignore[arg-type]


ELEMENTS, TENSORS, JOINT = Elements(), Tensors(), Joint()
