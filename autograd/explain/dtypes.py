"""`strict_dtype`: the operation that leaves the precision you chose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..tensor import Tensor
from .lines import calling_line, watching
from .walking import spoken


@contextmanager
def strict_dtype(dtype: Any) -> Iterator[None]:
    """In the block, every recorded result must have this floating-point dtype, or be complex with parts of that dtype.

    What needs no gradient is not recorded.

    TypeError: at the first operation that gives another one, with its name, its operands' dtypes and the line that
    called it; and if dtype is not floating-point.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor(np.ones(3, np.float32), requires_grad=True)
    >>> with strict_dtype(np.float32):
    ...     y = x * np.float32(2)  # x * np.float64(2) would raise
    """
    wanted = np.dtype(dtype)
    if wanted.kind != "f":
        raise TypeError(f"strict_dtype: needs a floating-point dtype. Received: {wanted}.")

    def check(t: Tensor) -> None:
        if t.data.real.dtype != wanted:
            raise TypeError(
                f"strict_dtype: {spoken(t.op)} gives {t.data.dtype}, not {wanted}. Received: {_received(t)}. "
                f"At {calling_line()}\n{_remedy(t, wanted)}"
            )

    with watching(check):
        yield


def _received(t: Tensor) -> str:
    return ", ".join(_described(x) for x in t.args if hasattr(x, "dtype")) or "no array"


def _described(x: Any) -> str:
    return f"{x.dtype} of shape {x.shape}" if x.ndim else f"{x.dtype} {x}"


def _remedy(t: Tensor, wanted: np.dtype[Any]) -> str:
    others = [i for i, x in enumerate(t.args) if hasattr(x, "dtype") and x.dtype.kind in "fiub" and x.dtype != wanted]
    if not others:
        return "Give the operation no dtype of its own."
    return f"Make operand {' and '.join(map(str, others))} {wanted}, e.g. with .astype(np.{wanted}), or a Python float."
