"""The average of a parameter that an optimizer keeps."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

if TYPE_CHECKING:
    from .place import Place

__all__ = ["of"]


def of(place: Place) -> npt.NDArray[Any]:
    """The average, of the shape of the parameter, which itself it is as long as there is none.

    Raises:
        ValueError: the optimizer keeps none, or more than one.
    """
    spec, (t, *_) = place.group.spec, place.block.clocks[place.index]
    kept = {"ema": spec.ema is not None, "swa": spec.swa is not None, "rule": spec.average is not None}
    sources = [name for name, on in kept.items() if on]
    if len(sources) != 1:
        raise ValueError(
            f"averaged() needs one average of the parameters. Received: {spec!r}, which keeps "
            f"{' and '.join(sources) or 'none'}. Bind it with ema=0.999, or with swa=first update."
        )
    if t == 0 or (spec.swa is not None and t < spec.swa):
        return place.data
    if spec.average is None:
        return place.slots[f"x_{sources[0]}"]
    given = {"x": place.data, "t": t, **place.slots, **place.scalars}
    names = inspect.signature(spec.average).parameters
    result: npt.NDArray[Any] = spec.average(
        *(given[n] if n in given else place.group.value(n, int(t) - 1) for n in names)
    )
    return result
