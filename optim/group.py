"""Parameters that share hyperparameters, and their update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels import Kernel
from ..kernels.rule import ArrayRule, copy_results
from ..schedules import Schedule
from .buffers import FlatBuffer, Slices
from .hyper import value_at
from .optimizer import Optimizer
from .options import OF_THE_STEP

Array = npt.NDArray[Any]


class Group:
    """Parameters that share hyperparameters, updated by one kernel call per dtype.

    Attributes:
        spec: the optimizer configuration of this group.
        parameters: the parameters or arrays.
        buffers: the flat buffers that hold them.
        clips: whether an option clips gradients by their norm.
    """

    def __init__(self, spec: Optimizer, parameters: list[Any], buffers: list[FlatBuffer]) -> None:
        """Start the states of these parameters, which lie in these buffers."""
        _check_flushed(spec, buffers)
        self.parameters, self.buffers = parameters, buffers
        self.adopt(spec)
        counts = (0, *map(spec.start_value, self.kernel.scalars))
        for buffer in buffers:
            buffer.step_counts = [counts] * len(buffer.parameters)
            buffer.states = {slot: _start(spec, slot, buffer) for slot in self.kernel.arrays[2:]}

    # ---------------------------------------------------------------------------------------------- hyperparameters
    def set(self, **changes: Any) -> None:
        """Change hyperparameters from the next step on; the states stay.

        Raises:
            TypeError, ValueError: see `changed`.
        """
        self.adopt(self.changed(**changes))

    def changed(self, **changes: Any) -> Optimizer:
        """The optimizer configuration with hyperparameters changed.

        Raises:
            TypeError, ValueError: a value is outside its domain, the option is chosen at binding, or the change needs
                other states than are kept.
        """
        for name in OF_THE_STEP:
            if name in changes:
                raise ValueError(f"{type(self.spec).__name__}: {name} is chosen at binding. Bind another optimizer.")
        spec = self.spec.replace(**changes)
        _check_flushed(spec, self.buffers)
        if not self._keeps_the_states_of(spec):
            kept = ", ".join(self.kernel.arrays[2:]) or "none"
            raise ValueError(
                f"{type(spec).__name__}: this would change which states are kept. Received: {changes}, and the states "
                f"are {kept}. Bind another optimizer."
            )
        return spec

    def _keeps_the_states_of(self, spec: Optimizer) -> bool:
        if spec.kernel.arrays != self.kernel.arrays:
            return False
        return spec.granularity == "elementwise" or all(
            _shapes(_start(spec, slot, buffer)) == _shapes(kept)
            for buffer in self.buffers
            for slot, kept in buffer.states.items()
        )

    def adopt(self, spec: Optimizer) -> None:
        """Use these hyperparameters from the next step on."""
        self.spec, self.kernel = spec, spec.kernel  # the property takes some 30 us
        names = self.kernel.parameters
        self._numbers: list[Any] = [vars(spec).get(name) for name in names]
        self._scheduled = [(i, name) for i, name in enumerate(names) if isinstance(self._numbers[i], Schedule)]
        self._t, self._closure = (names.index(name) if name in names else None for name in ("t", "closure"))
        self._array_rule = self.kernel if isinstance(self.kernel, ArrayRule) and self._closure is None else None
        limits = [name for name in ("clip_norm", "clip_each_norm", "clip_adaptive") if getattr(spec, name) is not None]
        self.clips = bool(limits)
        self._scheduled_limits = [name for name in limits if isinstance(getattr(spec, name), Schedule)]
        self._scalars = [names.index(name) for name in self.kernel.scalars]
        self._from_x = [i for i, slot in enumerate(self.kernel.arrays) if spec.starts.get(slot) == "x"]
        for buffer in self.buffers:
            joins = spec.granularity == "flat-vector" and spec.missing == "skip"
            buffer.missing = "join" if joins else spec.missing

    def set_number(self, name: str, value: float) -> None:
        """Change a hyperparameter of the rule from one valid number to another, without the checks of `set`."""
        spec = object.__new__(type(self.spec))
        vars(spec).update(vars(self.spec), **{name: value})
        if bool(value) != bool(vars(self.spec)[name]):  # a kernel may be compiled for 0
            self.adopt(spec)
            return
        self.spec = spec
        if name in (names := self.kernel.parameters):
            self._numbers[names.index(name)] = value

    def value(self, name: str, k: int) -> Any:
        """A hyperparameter when k updates have been taken.

        Raises:
            ValueError: a schedule has left the domain.
        """
        value = getattr(self.spec, name)
        return value_at(type(self.spec), name, value, k) if isinstance(value, Schedule) else value

    def hyperparameters(self, k: int) -> dict[str, Any]:
        """All hyperparameters when k updates have been taken."""
        return {name: self.value(name, k) for name in self.spec.checks}

    @property
    def numbers(self) -> dict[str, Any]:
        """The numbers that the kernel received last, by name."""
        return dict(zip(self.kernel.parameters, self._numbers, strict=True))

    # --------------------------------------------------------------------------------------------------- the update
    def set_numbers(self, k: int, closure: Callable[..., Any] | None = None) -> None:
        """Set the numbers that the kernel receives: schedules are called with k, the updates taken so far.

        Args:
            k: the updates taken so far.
            closure: the loss and its gradient as a function of x, for a rule that needs one.

        Raises:
            TypeError: the rule needs a closure, and there is none.
            ValueError: a schedule has left the domain.
        """
        for index, name in self._scheduled:
            self._numbers[index] = self.value(name, k)
        for name in self._scheduled_limits:
            self.value(name, k)
        if self._closure is not None:
            if closure is None:
                raise TypeError(
                    f"{type(self.spec).__name__} evaluates the loss at several points. Received: step without a "
                    "closure. Say step(closure), with a function that computes the gradients anew and returns the loss."
                )
            self._numbers[self._closure] = closure

    def set_clip_factor(self, factor: float) -> None:
        """Set the number that the kernel multiplies all gradients by, if clip_norm is on."""
        self._numbers[self.kernel.parameters.index("clip_factor")] = factor

    def prepare(self, buffer: FlatBuffer, slices: Slices) -> None:
        """Compute the numbers of a kernel's calls, so that an error in them is raised before anything is changed."""
        if isinstance(self.kernel, Kernel):
            for first, _ in slices:
                self._set_counts(buffer.step_counts[first])
                self.kernel.prepare(buffer.x.dtype, self._numbers)

    def _set_counts(self, counts: tuple[float, ...]) -> Any:
        """Set the numbers that differ between parameters: t, which is 1 for the first update, and the states."""
        if self._t is not None:
            self._numbers[self._t] = counts[0] + 1.0
        if self._scalars:
            for index, value in zip(self._scalars, counts[1:], strict=True):
                self._numbers[index] = value
        return counts[0]

    def update(self, buffer: FlatBuffer, slices: Slices) -> None:
        """Update these parameters of a buffer; those of one slice have equal step counts."""
        numbers, writes = self._numbers, []
        for first, last in slices:
            for start, end, arrays in self._calls(buffer, first, last):
                t = self._set_counts(buffer.step_counts[start])
                if t == 0:
                    for index in self._from_x:  # x may have been assigned to since it was bound
                        np.copyto(arrays[index], arrays[0])
                if self._array_rule is not None:
                    writes.append((start, end, arrays, self._array_rule.results(arrays, numbers)))
                    continue
                new = self.kernel(arrays, numbers) if self._closure is None else self._searched(buffer, arrays)
                buffer.step_counts[start:end] = [(t + 1, *new)] * (end - start)
        for start, end, arrays, (results, new) in writes:  # once the rule has computed all without an error
            copy_results(results, arrays)
            buffer.step_counts[start:end] = [(buffer.step_counts[start][0] + 1, *new)] * (end - start)

    def _calls(self, buffer: FlatBuffer, first: int, last: int) -> Sequence[tuple[int, int, Sequence[Array]]]:
        """The kernel calls that update [first, last): (i, j, arrays) updates [i, j); the arrays are x, g, the states.

        An array rule gets a read-only gradient, since it may be the caller's.
        """
        if self.spec.granularity == "per-tensor":
            g = _read_only(buffer.g)
            views = [(i, buffer.view(buffer.x, i)) for i in range(first, last)]
            return [(i, i + 1, (x, buffer.view(g, i), *buffer.states_of(i).values())) for i, x in views if x.size]
        g = buffer.g if self.spec.granularity == "elementwise" else _read_only(buffer.g)
        arrays: Any = (buffer.x, g, *buffer.states.values())
        if last - first < len(buffer.step_counts):
            arrays = [buffer.section(flat, first, last) for flat in arrays]
        return ((first, last, arrays),)

    def _searched(self, buffer: FlatBuffer, arrays: Sequence[Array]) -> Sequence[float]:
        """Call a rule that evaluates the loss at other points, which are written to x; x is restored before its end."""
        arrays = [arrays[0].copy(), arrays[1].copy(), *arrays[2:]]
        try:
            return self.kernel(arrays, self._numbers)
        finally:
            np.copyto(buffer.x, arrays[0])
            buffer.unpack()


def _check_flushed(spec: Optimizer, buffers: Sequence[FlatBuffer]) -> None:
    """Refuse hyperparameters that a kernel would take for zero."""
    given = {name: vars(spec).get(name) for name in spec.kernel.parameters} if spec.granularity == "elementwise" else {}
    for buffer in buffers:
        smallest = float(np.finfo(buffer.x.dtype).tiny)
        for name, value in given.items():
            if isinstance(value, float) and 0 < abs(value) < smallest:
                raise ValueError(
                    f"{type(spec).__name__}: {name} must be 0 or at least {smallest:.3g}, the smallest normal number "
                    f"of {buffer.x.dtype}: kernels take smaller ones for zero. Received: {name}={value!r}."
                )


def _start(spec: Optimizer, slot: str, buffer: FlatBuffer) -> Array | list[Array]:
    """The first value of a state: one flat array, or one array per parameter for a per-tensor rule."""
    if spec.granularity == "per-tensor":
        return [spec.start(slot, buffer.view(buffer.x, index)) for index in range(len(buffer.parameters))]
    return spec.start(slot, buffer.x)


def _shapes(kept: Array | list[Array]) -> list[tuple[int, ...]]:
    return [array.shape for array in (kept if isinstance(kept, list) else [kept])]


def _read_only(array: Array) -> Array:
    view = array[:]
    view.flags.writeable = False
    return view
