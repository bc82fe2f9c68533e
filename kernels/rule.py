"""An update rule with the transforms around it, as one call on arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import numpy.typing as npt

Function = Callable[..., Any]


@dataclass(frozen=True, repr=False)
class Rule(ABC):
    """An update rule and the transforms that run before and after it.

    A rule is a plain function over `x`, `g`, states and numbers. There are two ways to run it: `Kernel` compiles it to
    a loop over elements, `ArrayRule` calls it on whole arrays.

    Args:
        function: the update rule. It returns the new values of `outputs`, in order.
        outputs: names of the parameters that it updates, `x` first.
        scalars: names of the outputs that are one number instead of an array.
        before: transforms that run before the rule. Each is a function that returns new values of its first
            parameters, as many as it returns: `x`, `g`, or a state of its own.
        after: transforms of the same form that run after the rule.
        options: truth values of the parameters that the rule tests with a bare `if name:`. Such a branch is decided
            when the rule is compiled.

    >>> from ravine.optim import Adam, Muon
    >>> isinstance(Adam().kernel, Rule), Adam().kernel.outputs
    (True, ('x', 'm', 'v'))
    """

    function: Function
    outputs: Sequence[str]
    _: KW_ONLY
    scalars: Sequence[str] = ()
    before: Sequence[Function] = ()
    after: Sequence[Function] = ()
    options: Mapping[str, bool] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Make the sequences hashable."""
        for name in ("outputs", "scalars", "before", "after"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    @abstractmethod
    def source(self) -> str:
        """The source of the code that runs."""

    @property
    @abstractmethod
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that a call takes, in order: x, g, and the states."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[str, ...]:
        """Names of the numbers that a call takes, in order."""

    @abstractmethod
    def __call__(self, arrays: Sequence[npt.NDArray[Any]], numbers: Sequence[float]) -> Sequence[float]:
        """Update the arrays in place and return the new values of `scalars`."""
