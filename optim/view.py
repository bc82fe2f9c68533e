"""One parameter of a bound optimizer: its place in a flat buffer, its states, its average."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .buffers import FlatBuffer
from .formula import table
from .group import Group

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class ParameterView:
    """One parameter of a bound optimizer: `index` is its position in `buffer`."""

    name: str
    parameter: Any
    group: Group
    buffer: FlatBuffer
    index: int
    x: Array
    """Its values, a view of the buffer."""
    gradient_name: str
    """The name of its gradient in messages."""

    @property
    def data(self) -> Array:
        """Its values, where the caller sees them."""
        array: Array = self.parameter if isinstance(self.parameter, np.ndarray) else self.parameter.data
        return array

    @property
    def gradient(self) -> Array:
        """The gradient that the next update reads, a view of the buffer."""
        return self.buffer.view(self.buffer.g, self.index)

    @property
    def t(self) -> int:
        """The updates that it has had."""
        return int(self.buffer.step_counts[self.index][0])

    @property
    def arrays(self) -> dict[str, Array]:
        """Its states that are arrays, as views."""
        return self.buffer.states_of(self.index)

    @property
    def scalars(self) -> dict[str, float]:
        """Its states that are numbers."""
        return dict(zip(self.group.kernel.scalars, self.buffer.step_counts[self.index][1:], strict=True))

    def average(self) -> Array:
        """The average of the parameter that the optimizer keeps, of its shape; the parameter, while there is none.

        Raises:
            ValueError: the optimizer keeps no average, or more than one.
        """
        spec = self.group.spec
        kept = {"ema": spec.ema is not None, "swa": spec.swa is not None, "rule": spec.average is not None}
        sources = [name for name, on in kept.items() if on]
        if len(sources) != 1:
            raise ValueError(
                f"averaged() needs one average of the parameters. Received: {spec!r}, which keeps "
                f"{' and '.join(sources) or 'none'}. Bind it with ema=0.999, or with swa=first update."
            )
        if self.t == 0 or (spec.swa is not None and self.t < spec.swa):
            return self.data
        if spec.average is None:
            return self.arrays[f"x_{sources[0]}"]
        given = {"x": self.data, "t": self.t, **self.arrays, **self.scalars}
        names = inspect.signature(spec.average).parameters
        average: Array = spec.average(*(given[n] if n in given else self.group.value(n, self.t - 1) for n in names))
        return average


def views_of(names: Sequence[str], groups: Sequence[Group]) -> list[ParameterView]:
    """One view per parameter, in the order of the names."""
    at = {
        id(p): (group, buffer, index)
        for group in groups
        for buffer in group.buffers
        for index, p in enumerate(buffer.parameters)
    }
    views = []
    for name, p in zip(names, (p for group in groups for p in group.parameters), strict=True):
        group, buffer, index = at[id(p)]
        x = buffer.view(buffer.x, index)
        views.append(ParameterView(name, p, group, buffer, index, x, f"gradient of parameter {name}"))
    return views


def states_table(views: Sequence[ParameterView]) -> str:
    """A Markdown table of parameters and states; an array is shown as the root of its mean square."""
    slots = list(dict.fromkeys(name for view in views for name in (*view.arrays, *view.scalars)))
    rows = []
    for view in views:
        kept = view.arrays | view.scalars
        sizes = (_size(kept[name]) if name in kept else None for name in slots)
        rows.append((view.name, f"{view.data.shape} {view.x.dtype}", _size(view.x), *sizes))
    return table(("parameter", "shape, dtype", "x", *slots), rows)


def _size(state: Any) -> str:
    return f"{np.sqrt(np.mean(np.square(state, dtype=np.float64))):.4g}"
