"""keras.backend's access to the variables of an optimizer: `K.set_value(opt.lr, 0.5 * K.get_value(opt.lr))`."""

from __future__ import annotations

from typing import Any

__all__ = ["get_value", "set_value"]


def get_value(x: Any) -> Any:
    """The value of a learning rate or a `tf1.Variable`; a number or an array is returned as it is."""
    return x.numpy() if hasattr(x, "numpy") else x


def set_value(x: Any, value: Any) -> None:
    """Set a learning rate or a `tf1.Variable`. Raises TypeError for anything else."""
    if not hasattr(x, "assign"):
        raise TypeError(f"set_value takes a variable, such as opt.lr. Received: {x!r}. Set the attribute instead.")
    x.assign(value)
