"""Where parameters, gradients and states lie: flat arrays that one kernel call passes over.

Parameters with `data` and `grad` are packed: they move into one contiguous buffer, their gradients into its twin, and
`p.data` and `p.grad` become views. Plain arrays stay where they are, and their gradients are handed over at each step:
a large array is updated in place, small ones are gathered into a buffer and scattered again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .options import Missing

__all__ = ["Block", "Gathered", "InPlace", "Packed", "apart", "checked_array", "owners"]

Array = npt.NDArray[Any]


def checked_array(what: str, value: Any, like: Array | None = None) -> Array:
    """The value, if it is a float32 or float64 array, of the shape and dtype of `like`.

    Raises:
        TypeError: it is not an array, or has another dtype.
        ValueError: it has another shape.
    """
    if isinstance(value, np.generic):  # what NumPy's reductions give in the place of 0-d arrays
        value = np.asarray(value)
    if type(value) not in (np.ndarray, np.memmap):
        raise TypeError(
            f"{what} must be a NumPy array. Received: {type(value).__name__}. Convert it with numpy.asarray."
        )
    array: Array = value
    if like is None and value.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"{what} must be float32 or float64. Received: {value.dtype}. Convert it with .astype(float).")
    if like is not None and value.dtype != like.dtype:
        raise TypeError(
            f"{what} must be {like.dtype}, as its parameter is. Received: {value.dtype}. "
            f"Convert it with .astype({str(like.dtype)!r})."
        )
    if like is not None and value.shape != like.shape:
        raise ValueError(f"{what} must have shape {like.shape}, as its parameter has. Received: {value.shape}.")
    return array


def owners(arrays: Iterable[Array]) -> set[int]:
    """The identities of the arrays that own the memory of these."""
    return {id(_owner(array)) for array in arrays}


def apart(value: Array, own: set[int]) -> Array:
    """The value, or a copy if its memory is that of one of `own`: it would change when that is written to."""
    return value.copy() if id(_owner(value)) in own else value


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Block(ABC):
    """Parameters that lie one after the other in one flat array.

    Attributes:
        parameters: the parameters or arrays.
        x: their values.
        g: the gradients that the next update reads; a new array where they are averaged or clipped by their norms.
        states: of each slot a flat array (..., size of x), or a list of arrays, one per parameter.
        clocks: of each parameter (t, *scalars): the updates it has had, and the states that are numbers.
        missing: what to do about a parameter without a gradient, see `Options`; "join": take zeros if another has one.
    """

    def __init__(self, parameters: Sequence[Any], shapes: Sequence[tuple[int, ...]], x: Array) -> None:
        self.parameters = parameters
        self.shapes = shapes
        self.x = x
        self.g = x
        self.offsets = list(accumulate((int(np.prod(shape)) for shape in shapes), initial=0))
        self.clocks: list[tuple[float, ...]] = [(0,)] * len(parameters)
        self.states: dict[str, Array | list[Array]] = {}
        self.missing: Missing | Literal["join"] = "skip"

    def part(self, flat: Array, index: int) -> Array:
        """The stretch of a flat array that belongs to one parameter, in its shape."""
        stretch = flat[..., self.offsets[index] : self.offsets[index + 1]]
        return stretch.reshape(flat.shape[:-1] + self.shapes[index])

    def stretch(self, flat: Array, first: int, last: int) -> Array:
        """The stretch of a flat array that belongs to the parameters [first, last)."""
        return flat[self.offsets[first] : self.offsets[last]]

    def slots(self, index: int) -> dict[str, Array]:
        """The states of one parameter."""
        return {
            slot: kept[index] if isinstance(kept, list) else self.part(kept, index)
            for slot, kept in self.states.items()
        }

    def runs(self, present: Sequence[bool]) -> Iterator[tuple[int, int]]:
        """Neighbours that have a gradient and the same number of updates."""
        if self.missing == "join" and not any(present):
            return
        if self.missing != "skip" and not all(present):
            self._fill(present)
            present = [True] * len(present)
        start = 0
        for index, here in enumerate(present):
            if not here or self.clocks[index] != self.clocks[start]:
                if index > start:
                    yield start, index
                start = index if here else index + 1
        if start < len(present):
            yield start, len(present)

    def _fill(self, present: Sequence[bool]) -> None:
        """Take zeros for missing gradients."""
        for index, here in enumerate(present):
            if not here and self.missing == "error":
                name = getattr(self.parameters[index], "name", None) or index
                raise ValueError(
                    f"Parameter {name} has no gradient. Received: None, and missing='error'. Compute one, or choose "
                    "missing='skip' or missing='zero'."
                )
            if not here:
                self.part(self.g, index)[...] = 0

    @abstractmethod
    def hand_over(self, index: int, gradient: Array | None) -> None:
        """Take a gradient for one parameter for the next update; None is a missing one."""

    @abstractmethod
    def gather(self, handed_over: bool) -> Sequence[tuple[int, int]]:
        """Fill `x` and `g`; gives the runs [i, j) of parameters to update together.

        Raises:
            TypeError, ValueError: the caller put something in the place of an array that does not fit there.
        """

    @abstractmethod
    def scatter(self) -> None:
        """Bring the new `x` to where the caller looks for it."""


class Packed(Block):
    """Parameters of one dtype in one buffer, in order, and their gradients in its twin."""

    def __init__(self, parameters: Sequence[Any]) -> None:
        super().__init__(
            parameters, [p.data.shape for p in parameters], np.concatenate([p.data.ravel() for p in parameters])
        )
        self._twin = self.g = np.zeros_like(self.x)
        self._views = [(p, self.part(self.x, i), self.part(self._twin, i)) for i, p in enumerate(parameters)]
        self._adopt(self._views)

    def _adopt(self, views: Sequence[tuple[Any, Array, Array]]) -> None:
        """Put our views in the place of arrays that the caller or another optimizer gave the parameters."""
        taken, own = [], owners((self.x, self._twin))  # two parameters' arrays may have been swapped
        for p, data, home in views:
            name = getattr(p, "name", None) or "a parameter"
            if p.data is not data:
                taken.append((data, apart(checked_array(f"data of {name}", p.data, data), own)))
            if p.grad is not None and p.grad is not home:
                taken.append((home, apart(checked_array(f"grad of {name}", p.grad, data), own)))
        for view, value in taken:
            np.copyto(view, value)
        for p, data, home in views:
            p.data, p.home = data, home
            p.grad = None if p.grad is None else home

    def hand_over(self, index: int, gradient: Array | None) -> None:
        """Copy the gradient into the twin buffer."""
        p, _, home = self._views[index]
        if gradient is not None:
            np.copyto(home, gradient)
        p.grad = None if gradient is None else home

    def gather(self, handed_over: bool) -> Sequence[tuple[int, int]]:
        """See that data and gradients are where they belong, and find the parameters that have one."""
        self.g = self._twin
        displaced = [view for view in self._views if view[0].grad is not view[2] or view[0].data is not view[1]]
        if displaced:
            self._adopt(displaced)
        if displaced or self.clocks.count(self.clocks[0]) < len(self.clocks):
            return list(self.runs([p.grad is not None for p in self.parameters]))
        return ((0, len(self.clocks)),)

    def scatter(self) -> None:
        """Nothing to bring: the parameters' data are views of x."""


class InPlace(Block):
    """One plain array that a loop can run over as it is."""

    def __init__(self, array: Array) -> None:
        super().__init__((array,), [array.shape], array.view(np.ndarray).reshape(-1))
        self._gradient: Array | None = None

    def hand_over(self, index: int, gradient: Array | None) -> None:
        """Keep the gradient until the update; it is copied only if a loop can't run over it as it is."""
        if gradient is None:
            self._gradient = None
        else:
            usable = gradient if gradient.flags.carray else np.require(gradient, requirements=["C", "A", "W"])
            self._gradient = usable.view(np.ndarray).reshape(-1)

    def gather(self, handed_over: bool) -> Sequence[tuple[int, int]]:
        """Take the gradient."""
        _require(handed_over)
        present, self._gradient = self._gradient, None
        self.g = np.zeros_like(self.x) if present is None else present
        return list(self.runs([present is not None]))

    def scatter(self) -> None:
        """Nothing to bring: x is the array."""


class Gathered(Block):
    """Plain arrays of one dtype, small or not contiguous, that are copied into one buffer for each update."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        super().__init__(arrays, [a.shape for a in arrays], np.concatenate([a.ravel() for a in arrays]))
        self._twin = np.zeros_like(self.x)
        self._places = [(a, self.part(self.x, i), self.part(self._twin, i)) for i, a in enumerate(arrays)]
        self._present = [False] * len(arrays)

    def hand_over(self, index: int, gradient: Array | None) -> None:
        """Copy the gradient into the buffer."""
        self._present[index] = gradient is not None
        if gradient is not None:
            np.copyto(self._places[index][2], gradient)

    def gather(self, handed_over: bool) -> Sequence[tuple[int, int]]:
        """Copy the arrays into the buffer."""
        _require(handed_over)
        self.g = self._twin
        for array, x, _ in self._places:
            np.copyto(x, array)
        return list(self.runs(self._present))

    def scatter(self) -> None:
        """Copy what was updated back."""
        for array, x, _ in self._places:
            np.copyto(array, x)


def _require(handed_over: bool) -> None:
    if not handed_over:
        raise TypeError("A plain array carries no gradient. Received: step(). Hand gradients over: step([g, ...]).")
