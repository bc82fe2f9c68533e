"""`checkpoint` saves memory: intermediate results are not kept for the derivative, but computed again when needed.

Griewank & Walther 2000, "Algorithm 799: revolve"; Chen et al. 2016, "Training deep nets with sublinear memory cost".
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import update_wrapper
from typing import Any, cast

import numpy as np

from .backward import cast_to, pull
from .call import enter
from .containers import leaves, rebuild, transform
from .forward import explore
from .modes import Mode, is_recording
from .op import ForEach, Function, Primitive
from .ops.complex import takes_complex
from .tensor import Tensor


def checkpoint(f: Function) -> Function:
    """The function f, without keeping its intermediate results: the derivative calls f again to compute them.

    Arguments and results may be anything, containers too; Tensors among them are differentiated. Tensors that f uses
    from outside, such as the parameters of a network, get their gradients, too. Derivatives of any order and in either
    mode work. A random generator must be an argument: the second call gets a copy in the state before the first one.
    RuntimeError: during the derivative, if the second call gives another result than the first.

    >>> from ravine.autograd import grad
    >>> grad(lambda x: checkpoint(np.sin)(x) * x)(0.0)
    np.float64(0.0)
    """

    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        return _run(f, args, kwargs) if is_recording() else f(*args, **kwargs)

    return update_wrapper(checkpointed, f) if hasattr(f, "__name__") else checkpointed


def _run(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    segment = _Segment(f, (args, kwargs))
    start, *inside = _new_tensors([np.zeros(()), *(x.data for x in segment.inputs)])
    value = segment.call(inside, segment.given_generators)
    roots = _needing_gradient(value)
    if not roots:
        return value
    segment.captured = explore(roots, [start, *inside])[1]
    joined = Tensor._record(
        _repeated, (*segment.inputs, *segment.captured), {"segment": segment, "value": _joined(roots).data}
    )
    segment.inputs = segment.given_generators = ()
    parted = iter(_parted(joined, roots))
    return transform(lambda x: next(parted) if _needs_gradient(x) else x, value)


class _Segment:
    """A call of f that can be repeated: its arguments, and the Tensors from outside that f used."""

    def __init__(self, f: Function, given: Any) -> None:
        parts = leaves(given)
        self.f = f
        self.places = [i for i, x in enumerate(parts) if _needs_gradient(x)]
        self.inputs: Sequence[Tensor] = [parts[i] for i in self.places]
        self.random = [i for i, x in enumerate(parts) if isinstance(x, np.random.Generator)]
        self.given_generators: Sequence[Any] = [parts[i] for i in self.random]
        self.generators = copy.deepcopy(self.given_generators)
        left_out = {*self.places, *self.random}
        self.given = rebuild(given, [None if i in left_out else x for i, x in enumerate(parts)])
        self.captured: Sequence[Tensor] = ()
        self.found: tuple[Any, list[Any]] = (None, [])

    def call(self, inside: Sequence[Tensor], generators: Sequence[Any]) -> Any:
        """f of the arguments, with these Tensors and generators in their places."""
        parts = leaves(self.given)
        for i, x in zip((*self.places, *self.random), (*inside, *generators), strict=True):
            parts[i] = x
        args, kwargs = rebuild(self.given, parts)
        return self.f(*args, **kwargs)

    def gradient(self, g: Any, y: Any, i: int, arrays: Sequence[Any]) -> Any:
        """The gradient for input i. The first request computes the gradients for all inputs, in one call of f."""
        if self.found[0] is not g or self.found[1][i] is None:
            self.found = g, self._gradients(g, y, arrays)
        gradient, self.found[1][i] = self.found[1][i], None
        return gradient

    def _gradients(self, g: Any, y: Any, arrays: Sequence[Any]) -> list[Any]:
        inside = _new_tensors(arrays[: len(self.places)])
        with Mode(True):
            root = _joined(_needing_gradient(self.call(inside, copy.deepcopy(self.generators))))
        if not np.array_equal(root.data, y.data if isinstance(y, Tensor) else y, equal_nan=True):
            raise RuntimeError(
                "checkpoint: the function gave another result when it was called again for the derivative. Pass a "
                "random generator as an argument, and do not change arrays or parameters in between."
            )
        is_nested = any(isinstance(x, Tensor) for x in (g, *arrays))
        # The backward pass that calls this may still visit the Tensors from outside: restore what it wrote on them.
        before = [(t, t.mark, getattr(t, "g", None), getattr(t, "owned", False)) for t in self.captured]
        found = pull(root, g, [*inside, *self.captured], is_nested, False)
        for t, mark, pending, owned in before:
            t.mark, t.g, t.owned = mark, pending, owned
        return [np.zeros(np.shape(x), x.dtype) if d is None else d for d, x in zip(found, arrays, strict=True)]


_repeated = Primitive(
    checkpoint,
    ForEach(lambda g, y, i, *arrays, segment, value: segment.gradient(g, y, i, arrays)),
    (),
    forward=lambda *arrays, segment, value: value,
)
takes_complex(_repeated)


def _needs_gradient(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _needing_gradient(value: Any) -> list[Tensor]:
    """The Tensors in a result that require a gradient."""
    return [x for x in leaves(value) if _needs_gradient(x)]


def _new_tensors(arrays: Sequence[Any]) -> list[Tensor]:
    """For each array or Tensor a new Tensor, to differentiate for."""
    with Mode(True):
        return [enter(x) if isinstance(x, Tensor) else Tensor(x, requires_grad=True) for x in arrays]


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Several Tensors as one vector; a single one as it is."""
    joined: Any = parts[0] if len(parts) == 1 else np.concatenate([x.reshape(-1) for x in parts])
    return cast(Tensor, joined)


def _parted(joined: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """The Tensors that `_joined` joined."""
    if len(like) == 1:
        return [joined]
    parts, start = [], 0
    for x in like:
        part = joined[start : start + x.size].reshape(x.shape)
        parts.append(part if x.dtype == joined.dtype else cast_to(x.dtype, part))
        start += x.size
    return parts
