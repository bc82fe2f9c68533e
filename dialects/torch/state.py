"""The attribute `state` of an optimizer: the states of its parameters, which can be read and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from .group import ParamGroup


class State(MutableMapping[Any, MutableMapping[str, Any]]):
    """The states by parameter, by PyTorch's names. The arrays are the optimizer's own, and a value that is set is used.

    The states of a parameter that has not been updated are {}. Iteration and length leave it out.

    Raises:
        KeyError: the parameter is in no group.
        TypeError, ValueError: a state has a name or a shape that the optimizer does not have. Nothing has been changed.
    """

    def __init__(self, groups: Sequence[ParamGroup]) -> None:
        """Take the groups of an optimizer."""
        self._groups = groups

    def _found(self, parameter: Any) -> tuple[ParamGroup, int]:
        for group in self._groups:
            for index, view in enumerate(group.views):
                if view.parameter is parameter:
                    return group, index
        raise KeyError(f"The state is by parameter of this optimizer. Received: {type(parameter).__name__}.")

    def __getitem__(self, parameter: Any) -> ParameterState:
        group, index = self._found(parameter)
        return ParameterState(group, index)

    def __setitem__(self, parameter: Any, values: Mapping[str, Any] | None) -> None:
        group, index = self._found(parameter)
        group.replace_entry(index, values or None)

    def __delitem__(self, parameter: Any) -> None:
        self[parameter] = None

    def __iter__(self) -> Iterator[Any]:
        for group in self._groups:
            for view, entry in zip(group.views, group.entries(), strict=True):
                if entry:
                    yield view.parameter

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Give all parameters their initial states."""
        for group in self._groups:
            group.replace([None] * len(group.views))

    def __repr__(self) -> str:
        return repr(dict(self.items()))


class ParameterState(MutableMapping[str, Any]):
    """The states of one parameter by PyTorch's names."""

    def __init__(self, group: ParamGroup, index: int) -> None:
        """Take the group, and the position of the parameter in it."""
        self._group, self._index = group, index

    def _values(self) -> dict[str, Any]:
        return dict(self._group.entries()[self._index] or {})

    def __getitem__(self, name: str) -> Any:
        return self._values()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._group.replace_entry(self._index, {**self._values(), name: value})

    def __delitem__(self, name: str) -> None:
        rest = {own: value for own, value in self._values().items() if own != name}
        self._group.replace_entry(self._index, rest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        return repr(self._values())
