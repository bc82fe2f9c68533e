"""Optimizers by their names, and as configurations that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Dialect
from .base import KerasOptimizer

__all__ = ["deserialize", "get", "serialize"]


def get(identifier: str | Mapping[str, Any] | KerasOptimizer, framework: str = "keras") -> KerasOptimizer:
    """An optimizer by its name in any case, as it is at its defaults, or by {"class_name": ..., "config": ...}.

    `framework` is whose: "keras", "keras2" or "keras2.legacy".

    Raises ValueError for an unknown name.
    """
    if isinstance(identifier, KerasOptimizer):
        return identifier
    name, config = (identifier, {}) if isinstance(identifier, str) else (identifier["class_name"], identifier["config"])
    classes = [cls for cls in Dialect.registry.values() if cls.framework == framework]
    known: dict[str, Any] = {cls.__name__.lower(): cls for cls in classes}
    if name.lower() not in known:
        raise ValueError(f"An optimizer must be one of {', '.join(known)}. Received: {name!r}.")
    found: KerasOptimizer = known[name.lower()].from_config(config)
    return found


deserialize = get


def serialize(optimizer: KerasOptimizer) -> dict[str, Any]:
    """The class_name and the config, for `deserialize`."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}
