"""What the optimizers of PyTorch have in common: their arguments, and the layout of their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, ClassVar

import numpy as np

from ...optim.bound import BoundOptimizer
from ...optim.optimizer import Optimizer as Ours
from ...optim.view import ParameterView
from ..base import Dialect

Entries = Sequence[Mapping[str, Any] | None]
"""The states of each parameter by PyTorch's names; None for a parameter that has none."""


class Kind(Dialect):
    """The arguments and states of PyTorch's optimizers. The subclass `Optimizer` adds the parameter groups."""

    framework = "torch"
    argument_names = {"betas": ("beta1", "beta2")}
    ignored = ("foreach", "fused", "capturable")
    unsupported = ("differentiable",)
    constants: ClassVar[Mapping[str, Any]] = {}
    """Keys of a group that are not arguments, with the only value that each may have."""
    eager: ClassVar[bool] = False
    """Whether the states exist before the first update."""
    closed: ClassVar[tuple[str, ...]] = ()
    """Arguments that may be 1 in PyTorch, where ravine asks for a number below 1."""
    shaping: ClassVar[tuple[str, ...]] = ()
    """Arguments that the shapes of states depend on."""

    def __init_subclass__(cls) -> None:
        """Put the parameters first in the signature."""
        super().__init_subclass__()
        if hasattr(cls, "accepts"):
            params = Parameter("params", Parameter.POSITIONAL_OR_KEYWORD, default=None)
            cls.__signature__ = Signature([params, *cls.accepts.values()])

    @classmethod
    def completed(cls, *args: Any, **arguments: Any) -> dict[str, Any]:
        """All arguments by name. Raises an error if a tuple such as betas is not as long as its default."""
        values = super().completed(*args, **arguments)
        for name, default in ((p.name, p.default) for p in cls.accepts.values()):
            if isinstance(default, tuple) and _length(values[name]) != len(default):
                raise (TypeError if _length(values[name]) is None else ValueError)(
                    f"{cls.title()}: {name} must be {len(default)} numbers. Received: {name}={values[name]!r}. "
                    f"The default is {default!r}."
                )
        return values

    @classmethod
    def renamed(cls, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments under ravine's names. With `decoupled_weight_decay=True`, weight_decay is decoupled."""
        hyper = super().renamed(arguments)
        if hyper.pop("decoupled_weight_decay", False):
            hyper["decoupled_weight_decay"] = hyper.pop("weight_decay")
        return hyper

    @classmethod
    def to_ours(cls, arguments: Mapping[str, Any]) -> Ours:
        """The optimizer of ravine that these arguments describe."""
        ones = [name for name in cls.closed if isinstance(arguments[name], int | float) and arguments[name] == 1]
        spec = super().to_ours({**arguments, **dict.fromkeys(ones, 0.5)})
        for name in ones:
            object.__setattr__(spec, str(cls.argument_names.get(name, name)), 1.0)
        return spec

    @classmethod
    def exported(cls, bound: BoundOptimizer) -> Entries:
        """The states of each parameter in PyTorch's layout; None where there are none yet."""
        return [_exported(cls, view) if view.t or cls.eager else None for view in bound._views]

    @classmethod
    def imported(cls, spec: Ours, bound: BoundOptimizer, entries: Entries, strict: bool) -> dict[str, Any]:
        """A state of `bound`, as its `load_state_dict` takes it, from states in PyTorch's layout.

        Args:
            spec: the optimizer of ravine that the states are for.
            bound: the optimizer that is to take the state.
            entries: the states of each parameter by PyTorch's names.
            strict: whether a missing state is an error; if not, it gets its initial value.

        Raises:
            TypeError, ValueError: the states belong to another optimizer, or do not fit the parameters.
        """
        pairs = zip(bound._views, entries, strict=True)
        state = {view.name: _imported(cls, spec, view, entry, strict) for view, entry in pairs}
        return {"optimizer": type(spec).__name__, "t": max((s["t"] for s in state.values()), default=0), "state": state}


def _length(value: Any) -> int | None:
    """How many numbers a sequence has; None for anything else."""
    values = value.tolist() if isinstance(value, np.ndarray) else value
    return len(values) if isinstance(values, Sequence) else None


def _exported(kind: type[Kind], view: ParameterView) -> dict[str, Any] | None:
    numbers = {"t": view.t, **view.scalars}
    found: dict[str, Any] = {name: np.asarray(float(numbers[s])) for name, s in kind.slots.items() if s in numbers}
    arrays = {name: view.arrays[slot] for name, slot in kind.slots.items() if slot in view.arrays}
    # Some rules keep one state for matrices and another for vectors. The slot that a parameter does not use is empty.
    return found | {name: array for name, array in arrays.items() if array.size or not view.x.size} or None


def _imported(
    kind: type[Kind], spec: Ours, view: ParameterView, entry: Mapping[str, Any] | None, strict: bool
) -> dict[str, Any]:
    given = {name: value for name, value in (entry or {}).items() if value is not None}
    if unknown := [name for name in given if name not in kind.slots]:
        raise ValueError(
            f"The state of parameter {view.name} must have {', '.join(kind.slots)}, as {kind.title()} names them. "
            f"Received: {unknown[0]}. It belongs to another optimizer."
        )
    slots = spec.kernel.arrays[2:]
    start: dict[str, Any] = {slot: spec.start(slot, view.x) for slot in slots}
    start |= {name: spec.starts.get(name, 0.0) for name in spec.kernel.scalars}
    names = {slot: name for name, slot in kind.slots.items()}
    needed = [slot for slot in start if not (slot in slots and view.x.size and not start[slot].size)]
    missing = [names[slot] for slot in needed if names[slot] not in given]
    if missing and given and strict:
        raise ValueError(
            f"The state of parameter {view.name} must have {', '.join(names[slot] for slot in needed)}. "
            f"Received: {', '.join(given)}."
        )
    # PyTorch leaves the count out where only the first update differs.
    t = _count(view, given["step"]) if "step" in given else int(bool(given) and not missing)
    taken = [slot for slot in start if names[slot] in given] if missing or not given else needed
    return {"t": t, **start} | {slot: _cast(view, names[slot], given[names[slot]], start[slot]) for slot in taken}


def _count(view: ParameterView, value: Any) -> int:
    step = float(value)
    if step < 0 or step != int(step):
        raise ValueError(f"step of parameter {view.name} must be an integer >= 0. Received: {step!r}.")
    return int(step)


def _cast(view: ParameterView, name: str, value: Any, like: Any) -> Any:
    """A value of the shape and dtype of `like`, an array or a number."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} of parameter {view.name} must be an array of numbers. Received: {array.dtype}.")
    if array.shape != np.shape(like):
        raise ValueError(f"{name} of parameter {view.name} must have shape {np.shape(like)}. Received: {array.shape}.")
    return array.astype(like.dtype) if isinstance(like, np.ndarray) else float(array)
