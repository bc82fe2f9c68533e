"""How a notebook shows a Tensor: its origin, its values and its gradient."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from .node import Node

__all__ = ["html"]


def html(t: Node) -> str:
    """HTML: a line about the Tensor, and a table with its data and its gradient."""
    kind = f"made by {t.op.name}" if t.op else "leaf"
    about = [kind, f"shape {t.data.shape}", str(t.data.dtype)] + ["needs a gradient"] * t.requires_grad
    name = f" <code>{escape(t.name)}</code>" if t.name else ""
    head = f"<b>{type(t).__name__}</b>{name} · {escape(', '.join(about))}"
    columns = {"data": t.data} | ({"grad": t.grad} if t.grad is not None else {})
    heads = "".join(f"<th>{name}</th>" for name in columns)
    cells = "".join(f"<td><pre>{escape(_values(array))}</pre></td>" for array in columns.values())
    return f"{head}<table><tr>{heads}</tr><tr>{cells}</tr></table>"


def _values(array: Any) -> str:
    return np.array2string(np.asarray(array), separator=", ", threshold=100, precision=6)
