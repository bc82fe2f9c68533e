"""The class attributes of PyTorch's optimizers: how arguments, groups and states look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, ClassVar

import numpy as np

from ...optim.bound import BoundOptimizer
from ...optim.optimizer import Optimizer as Ours
from ..base import Dialect

__all__ = ["Entries", "Kind"]

Entries = Sequence[Mapping[str, Any] | None]
"""The states of each parameter by PyTorch's names; None for a parameter that has none."""


class Kind(Dialect):
    """The class attributes of PyTorch's optimizers. `Optimizer` adds the methods of an instance."""

    framework = "torch"
    argument_names = {"betas": ("beta1", "beta2")}
    ignored = ("foreach", "fused", "capturable")
    unsupported = ("differentiable",)
    constants: ClassVar[Mapping[str, Any]] = {}
    """Keys of a group that are no arguments, and their only value."""
    eager: ClassVar[bool] = False
    """Whether the states exist before the first update."""
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
        """All arguments by name. A tuple such as betas has as many numbers as its default."""
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
        """The arguments under our names. `decoupled_weight_decay=True` decides which option weight_decay is."""
        hyper = super().renamed(arguments)
        if hyper.pop("decoupled_weight_decay", False):
            hyper["decoupled_weight_decay"] = hyper.pop("weight_decay")
        return hyper

    @classmethod
    def exported(cls, bound: BoundOptimizer) -> Entries:
        """The states of each parameter in PyTorch's layout; None where there are none yet."""
        raise NotImplementedError

    @classmethod
    def imported(cls, spec: Ours, bound: BoundOptimizer, entries: Entries, strict: bool) -> dict[str, Any]:
        """A state of `bound`, as its `load_state_dict` takes it, from states in PyTorch's layout.

        Args:
            spec: the optimizer here that the states are for.
            bound: the optimizer that is to take the state.
            entries: the states of each parameter.
            strict: whether a missing state is an error; if not, it starts afresh.

        Raises:
            TypeError, ValueError: the states belong to another optimizer, or do not fit the parameters.
        """
        raise NotImplementedError


def _length(value: Any) -> int | None:
    """How many numbers a sequence has; None for anything else."""
    values = value.tolist() if isinstance(value, np.ndarray) else value
    return len(values) if isinstance(values, Sequence) else None
