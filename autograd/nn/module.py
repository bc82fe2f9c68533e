"""`Module`, the base class of layers and networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from reprlib import recursive_repr
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arguments import plain
from ..tensor import Parameter
from ..versions import memory_of

__all__ = ["Module"]

WIDTH = 100
"""A repr longer than this is printed on several lines."""


class Module:
    """Base class of layers and networks. A subclass sets parameters and modules as attributes and defines `forward`.

    Parameters and modules are found in attributes, and in lists, tuples and dictionaries that are attributes. Each has
    a path made of attribute names, positions and keys, for example "blocks.2.weight".

    Attributes:
        training: True until `eval()` is called.
        buffers: names of attributes with arrays that are part of the state but no parameters, like running statistics.

    >>> from ravine.autograd import Parameter
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(2.0)
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> float(scale(3.0).data), list(scale.named_parameters())
    (6.0, ['factor'])
    """

    training = True
    buffers: tuple[str, ...] = ()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the result for an input. Subclasses define this method."""
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, x).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`."""
        return self.forward(*args, **kwargs)

    # Parameters and modules by path

    def children(self) -> dict[str, Any]:
        """The objects to search for parameters and modules, by name: by default all attributes."""
        return vars(self)

    def named_parameters(self) -> dict[str, Parameter]:
        """A dictionary from path to parameter, in the order of assignment. A shared parameter has its first path.

        Raises:
            ValueError: two parameters have the same path, as with the keys 1 and "1" of a dictionary.
        """
        pairs = [(path, x) for path, x in _walk(self, "", set()) if isinstance(x, Parameter)]
        paths = [path for path, _ in pairs]
        if len(set(paths)) < len(paths):
            duplicate = next(path for path in paths if paths.count(path) > 1)
            raise ValueError(f"{type(self).__name__}: two parameters have the path {duplicate!r}. Rename one of them.")
        return dict(pairs)

    def named_modules(self) -> dict[str, Module]:
        """A dictionary from path to module: this one, with path "", and those in it, outer before inner, each once."""
        return {path: x for path, x in _walk(self, "", set()) if isinstance(x, Module)}

    def named_buffers(self) -> dict[str, NDArray[Any]]:
        """A dictionary from path to the array of a buffer, for this module and those in it."""
        pairs = ((path, m, name) for path, m in self.named_modules().items() for name in m.buffers)
        return {_join(path, name): getattr(m, name) for path, m, name in pairs}

    def parameters(self) -> list[Parameter]:
        """The parameters of this module and those in it, in the order of assignment, each once."""
        return [x for _, x in _walk(self, "", set()) if isinstance(x, Parameter)]

    def modules(self) -> list[Module]:
        """This module and those in it, outer before inner, each once."""
        return [x for _, x in _walk(self, "", set()) if isinstance(x, Module)]

    @recursive_repr()
    def __repr__(self) -> str:
        def holds_modules(x: Any) -> bool:
            return any(isinstance(inner, Module) for _, inner in _walk(x, "", set()))

        children = self.children().items()
        parts = [repr(x) if k.isdigit() else f"{k}={x!r}" for k, x in children if k.isdigit() or holds_modules(x)]
        name = type(self).__name__
        line = f"{name}({', '.join(parts)})"
        if len(line) <= WIDTH and "\n" not in line:
            return line
        inner = ",\n".join(parts).replace("\n", "\n    ")
        return f"{name}(\n    {inner}\n)"

    # Training

    def train(self, mode: bool = True) -> Self:
        """Switch this module and those in it to training, where dropout is active. Returns self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch this module and those in it to evaluation, where dropout does nothing. Returns self."""
        return self.train(False)

    def freeze(self, frozen: bool = True) -> Self:
        """Set requires_grad of all parameters to False, or with frozen=False to True again. Returns self."""
        for p in self.parameters():
            p.requires_grad = not frozen
            p.zero_grad()
        return self

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for p in self.parameters():
            p.zero_grad()

    # The state

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """A dictionary from path to a copy of each parameter and buffer. It leaves out the random state of dropout."""
        return {path: a.copy() for path, a in self._state().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Copy a state that `state_dict` returned into the parameters and buffers. Their arrays stay the same objects.

        Raises:
            ValueError: a path is missing or unknown, or an array has another shape or dtype. Then nothing has changed.
        """
        own = self._state()
        arrays = {path: np.asarray(plain(value)) for path, value in state.items()}
        wrong = [f"{path} is missing" for path in own if path not in arrays]
        wrong += [f"{path} is unknown" for path in arrays if path not in own]
        for path, a in own.items():
            new = arrays.get(path, a)
            if (new.shape, new.dtype) != (a.shape, a.dtype):
                wrong.append(f"{path} must be {a.dtype} of shape {a.shape}, received {new.dtype} of shape {new.shape}")
        if wrong:
            raise ValueError(
                f"load_state_dict: the state does not belong to this {type(self).__name__}: {'; '.join(wrong)}. "
                "Build the module as it was when the state was saved. Nothing was changed."
            )
        for path, a in own.items():
            a[...] = arrays[path]
            memory_of(a).written("load_state_dict")

    def _state(self) -> dict[str, NDArray[Any]]:
        return {path: p.data for path, p in self.named_parameters().items()} | self.named_buffers()


def _join(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _walk(x: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The parameters and modules in x with their paths, in order, each once."""
    if isinstance(x, (Parameter, Module)):
        if id(x) in seen:
            return
        seen.add(id(x))
        yield path, x
    if isinstance(x, Module):
        x = x.children()
    if isinstance(x, (list, tuple)):
        x = dict(enumerate(x))
    if isinstance(x, dict):
        for name, child in x.items():
            yield from _walk(child, _join(path, name), seen)
