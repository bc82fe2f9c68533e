"""`Module`: something with parameters that can be called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tensor import Parameter


class Module:
    """Base of layers and networks. A subclass sets parameters and modules as attributes and defines `forward`.

    Lists, tuples and dictionaries of them count too. `training` is True until `eval()`.
    """

    training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The result for one input, given by the subclass."""
        raise NotImplementedError(f"{type(self).__name__}: define forward(self, x).")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`forward`."""
        return self.forward(*args, **kwargs)

    def parameters(self) -> list[Parameter]:
        """The parameters of this module and those in it, in the order of assignment, each once."""
        return [x for x in _walk(self, set()) if isinstance(x, Parameter)]

    def modules(self) -> list[Module]:
        """This module and those in it, outer before inner, each once."""
        return [x for x in _walk(self, set()) if isinstance(x, Module)]

    def train(self, mode: bool = True) -> Module:
        """Switches this and all modules in it to training (dropout acts). Returns self."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switches this and all modules in it to evaluation (dropout does nothing). Returns self."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forgets the gradient of every parameter."""
        for p in self.parameters():
            p.zero_grad()


def _walk(x: Any, seen: set[int]) -> Iterator[Any]:
    """The parameters and modules in x, in order, each once."""
    if isinstance(x, (Parameter, Module)):
        if id(x) in seen:
            return
        seen.add(id(x))
        yield x
    children = vars(x).values() if isinstance(x, Module) else x.values() if isinstance(x, dict) else x
    if isinstance(x, (Module, dict, list, tuple)):
        for child in children:
            yield from _walk(child, seen)
