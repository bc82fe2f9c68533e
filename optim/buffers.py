"""Flat buffers: arrays that hold several parameters one after the other, so that one kernel call updates them all.

There are three kinds. Parameters with `data` and `grad` move into a buffer: `p.data` and `p.grad` become views of it
(`ParameterBuffer`). Plain arrays stay where they are, and the caller gives their gradients at each step: a large array
is updated in place (`ArrayBuffer`), small ones are copied into a buffer and back (`CopyBuffer`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .options import Missing

Array = npt.NDArray[Any]
Slices = Sequence[tuple[int, int]]
"""Ranges [first, last) of neighbouring parameters that one kernel call may update together."""


def note_write(parameter: Any, by: str = "its optimizer", data: Array | None = None) -> None:
    """Tell a Tensor that its data have been changed in place; other parameters have nobody to tell.

    Args:
        parameter: the parameter.
        by: what has changed the data, for the message.
        data: the array that was changed, if it is not yet `parameter.data`.
    """
    if hasattr(parameter, "memory_of"):
        parameter.memory_of(parameter.data if data is None else data).written(by)


class FlatBuffer(ABC):
    """Parameters of one dtype in one flat array.

    Attributes:
        parameters: the parameters or arrays.
        x: their values, of shape (n,).
        g: the gradients that the next update reads, of shape (n,). Where gradients are averaged over several calls, or
            clipped on a copy, this is another array than the gradient buffer.
        states: for each state its flat array (..., n), or a list of arrays, one per parameter.
        step_counts: for each parameter (t, *scalars): the updates it has had, and the states that are numbers.
        missing: what a missing gradient means, see `Options`. "join": zeros, if another parameter has a gradient.
        gradient_sum: the sum of the gradients since the last update, of shape (n,), if `accumulate` is on.
        arrived: which parameters have had a gradient since the last update.
    """

    def __init__(self, parameters: Sequence[Any], shapes: Sequence[tuple[int, ...]], x: Array) -> None:
        self.parameters = parameters
        self.x = x
        self.g = x
        self.states: dict[str, Array | list[Array]] = {}
        self.step_counts: list[tuple[float, ...]] = [(0,)] * len(parameters)
        self.missing: Missing | Literal["join"] = "skip"
        self.gradient_sum: Array | None = None
        self.arrived = [False] * len(parameters)
        self._shapes = shapes
        self._offsets = list(accumulate((int(np.prod(shape)) for shape in shapes), initial=0))

    @abstractmethod
    def set_gradient(self, index: int, gradient: Array | None) -> None:
        """Set the gradient of one parameter for the next update; None is a missing one."""

    @abstractmethod
    def pack(self) -> Slices:
        """Bring values and gradients into `x` and `g`.

        Returns:
            the slices of parameters to update together.

        Raises:
            TypeError, ValueError: `p.data` or `p.grad` has been set to an array that does not fit.
        """

    def unpack(self) -> None:  # noqa: B027 (most kinds have nothing to do)
        """Bring the new values from `x` to where the caller sees them, if that is another place."""

    def note_writes(self, slices: Slices | None = None) -> None:  # noqa: B027 (arrays have nobody to tell)
        """Tell Tensors that their data have been changed, so that `backward` does not take them for the former ones.

        Args:
            slices: the parameters that have new values; None: all.
        """

    def section(self, flat: Array, first: int, last: int) -> Array:
        """The part of a flat array that belongs to the parameters [first, last)."""
        return flat[self._offsets[first] : self._offsets[last]]

    def view(self, flat: Array, index: int) -> Array:
        """The part of a flat array (..., n) that belongs to one parameter, with the parameter's shape at its end."""
        part = flat[..., self._offsets[index] : self._offsets[index + 1]]
        return part.reshape(flat.shape[:-1] + self._shapes[index])

    def states_of(self, index: int) -> dict[str, Array]:
        """Views of the states of one parameter."""
        return {
            slot: kept[index] if isinstance(kept, list) else self.view(kept, index)
            for slot, kept in self.states.items()
        }

    def slices(self, present: Sequence[bool]) -> Iterator[tuple[int, int]]:
        """The longest slices of parameters that have a gradient and equal step counts."""
        if self.missing == "join" and not any(present):
            return
        if self.missing != "skip" and not all(present):
            self._fill(present)
            present = [True] * len(present)
        start = 0
        for index, here in enumerate(present):
            if not here or self.step_counts[index] != self.step_counts[start]:
                if index > start:
                    yield start, index
                start = index if here else index + 1
        if start < len(present):
            yield start, len(present)

    def _fill(self, present: Sequence[bool]) -> None:
        """Write zeros for missing gradients."""
        for index, here in enumerate(present):
            if not here and self.missing == "error":
                name = getattr(self.parameters[index], "name", None) or index
                raise ValueError(
                    f"Parameter {name} has no gradient. Received: None, and missing='error'. Compute one, or choose "
                    "missing='skip' or missing='zero'."
                )
            if not here:
                self.view(self.g, index)[...] = 0

    # ------------------------------------------------------------------------------------------------- accumulation
    def start_sum(self) -> None:
        """Start a sum of gradients at zero."""
        self.gradient_sum = np.zeros_like(self.x)
        self.arrived = [False] * len(self.parameters)

    def add_gradients(self, slices: Slices) -> None:
        """Add the gradients of these parameters to the sum."""
        assert self.gradient_sum is not None
        for first, last in slices:
            total = self.section(self.gradient_sum, first, last)
            total += self.section(self.g, first, last)
            self.arrived[first:last] = [True] * (last - first)

    def take_mean(self, calls: int) -> Slices:
        """Let `g` be the mean over this many calls, and start a new sum; gives the slices to update."""
        assert self.gradient_sum is not None
        self.g = self.gradient_sum / calls
        slices = list(self.slices(self.arrived))
        self.start_sum()
        return slices


class ParameterBuffer(FlatBuffer):
    """Parameters whose `data` are views of one buffer and whose gradients are views of another, the gradient buffer."""

    def __init__(self, parameters: Sequence[Any]) -> None:
        super().__init__(
            parameters, [p.data.shape for p in parameters], np.concatenate([p.data.ravel() for p in parameters])
        )
        self._gradients = self.g = np.zeros_like(self.x)
        self._views = [(p, self.view(self.x, i), self.view(self._gradients, i)) for i, p in enumerate(parameters)]
        self._take_over(self._views)
        self._all = ((0, len(parameters)),)
        self._noters: dict[tuple[int, int], Callable[[], None]] = {}

    def set_gradient(self, index: int, gradient: Array | None) -> None:
        """Copy the gradient into the gradient buffer."""
        p, _, grad = self._views[index]
        if gradient is not None:
            np.copyto(grad, gradient)
        p.grad = None if gradient is None else grad

    def pack(self) -> Slices:
        """Copy nothing, unless `p.data` or `p.grad` has been assigned to since the last step."""
        self.g = self._gradients
        assigned = [(p, data, grad) for p, data, grad in self._views if p.grad is not grad or p.data is not data]
        if assigned:
            self._take_over(assigned)
        if assigned or self.step_counts.count(self.step_counts[0]) < len(self.step_counts):
            return list(self.slices([p.grad is not None for p in self.parameters]))
        return self._all

    def note_writes(self, slices: Slices | None = None) -> None:
        """Note the writes in the Tensors' own way."""
        for part in slices or self._all:
            try:
                note = self._noters[part]
            except KeyError:
                note = self._noter(part)
            note()

    def _noter(self, part: tuple[int, int]) -> Callable[[], None]:
        """The function that notes a write to these parameters."""
        memory_of = next((p.memory_of for p in self.parameters if hasattr(p, "memory_of")), None)
        noter = self._noters[part] = memory_of(self.section(self.x, *part)).written if memory_of else lambda: None
        return noter

    def _take_over(self, views: Sequence[tuple[Any, Array, Array]]) -> None:
        """Copy what has been assigned into the buffers, and let `p.data` and `p.grad` be views again."""
        taken, own = [], memory_owners((self.x, self._gradients))  # two parameters' arrays may have been swapped
        for p, data, grad in views:
            name = getattr(p, "name", None) or "a parameter"
            if p.data is not data:
                taken.append((data, separate(checked_array(f"data of {name}", p.data, data), own)))
            if p.grad is not None and p.grad is not grad:
                taken.append((grad, separate(checked_array(f"grad of {name}", p.grad, data), own)))
        for view, value in taken:
            np.copyto(view, value)
        for p, data, grad in views:
            if p.data is not data:
                note_write(p, data=data)
            p.data, p.grad_buffer = data, grad  # backward writes gradients there: no copy is needed at the next step
            p.grad = None if p.grad is None else grad


class ArrayBuffer(FlatBuffer):
    """One contiguous plain array, which the kernel updates in place."""

    def __init__(self, array: Array) -> None:
        super().__init__((array,), [array.shape], array.view(np.ndarray).reshape(-1))
        self._gradient: Array | None = None

    def set_gradient(self, index: int, gradient: Array | None) -> None:
        """Keep the gradient until the update; it is copied only if the kernel can't read it as it is."""
        if gradient is None:
            self._gradient = None
        else:
            usable = gradient if gradient.flags.carray else np.require(gradient, requirements=["C", "A", "W"])
            self._gradient = usable.view(np.ndarray).reshape(-1)

    def pack(self) -> Slices:
        """Let the gradient be `g`."""
        gradient, self._gradient = self._gradient, None
        self.g = np.zeros_like(self.x) if gradient is None else gradient
        return list(self.slices([gradient is not None]))


class CopyBuffer(FlatBuffer):
    """Plain arrays of one dtype, small or not contiguous, which are copied into a buffer and back at each update."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        super().__init__(arrays, [a.shape for a in arrays], np.concatenate([a.ravel() for a in arrays]))
        self._gradients = np.zeros_like(self.x)
        self._views = [(a, self.view(self.x, i), self.view(self._gradients, i)) for i, a in enumerate(arrays)]
        self._present = [False] * len(arrays)

    def set_gradient(self, index: int, gradient: Array | None) -> None:
        """Copy the gradient into the gradient buffer."""
        self._present[index] = gradient is not None
        if gradient is not None:
            np.copyto(self._views[index][2], gradient)

    def pack(self) -> Slices:
        """Copy the arrays into `x`."""
        self.g = self._gradients
        for array, x, _ in self._views:
            np.copyto(x, array)
        return list(self.slices(self._present))

    def unpack(self) -> None:
        """Copy the new values from `x` to the arrays."""
        for array, x, _ in self._views:
            np.copyto(array, x)


# -- arrays that a caller hands over -----------------------------------------------------------------------------------


def checked_array(what: str, value: Any, like: Array | None = None) -> Array:
    """The value, if it is a float32 or float64 array, of the shape and dtype of `like`.

    Raises:
        TypeError: it is not an array, or has another dtype.
        ValueError: it has another shape.
    """
    if isinstance(value, np.generic):  # NumPy's reductions return these where a 0-d array is meant
        value = np.asarray(value)
    if type(value) not in (np.ndarray, np.memmap) and like is not None:
        value = _foreign(value)
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


def _foreign(value: Any) -> Any:
    """An array of another library on the CPU as NumPy's, by DLPack or the array protocol; all else as it is.

    Arrays of ours and lists stay what they are, and are refused: a Tensor has a gradient of its own.
    """
    if hasattr(value, "grad_buffer") or isinstance(value, np.ndarray) or hasattr(value, "columns"):
        return value
    try:
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
        return np.asarray(value) if hasattr(value, "__array_interface__") else value
    except (BufferError, RuntimeError, TypeError, ValueError):  # on another device, or still part of a graph
        return value


def memory_owners(arrays: Iterable[Array]) -> set[int]:
    """The ids of the arrays that own the memory of these arrays."""
    return {id(_owner(array)) for array in arrays}


def separate(value: Array, owners: set[int]) -> Array:
    """The value, or a copy if one of the `owners` holds its memory: writing to that array would change the value."""
    return value.copy() if id(_owner(value)) in owners else value


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
