"""Finds the line of the user's program that called an operation, and observes operations as they are recorded."""

from __future__ import annotations

import linecache
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any, NamedTuple

import numpy as np

from ..modes import observers
from ..tensor import Tensor

_OURS, _NUMPYS = os.path.dirname(os.path.dirname(__file__)), os.path.dirname(np.__file__)
_INSIDE = (_OURS + os.sep, _NUMPYS + os.sep)
_lines: dict[int, tuple[SourceLine, weakref.ref[Tensor]]] = {}


class SourceLine(NamedTuple):
    """A line of source: its file, its number from 1, and its text.

    >>> print(SourceLine("train.py", 12))
    train.py:12
    """

    file: str
    number: int

    @property
    def text(self) -> str:
        """The text of the line, stripped; empty if the source is not available."""
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        folder = os.path.basename(os.path.dirname(self.file))  # the file of a notebook cell is a temporary one
        location = f"cell, line {self.number}" if folder.startswith("ipykernel_") else f"{self.file}:{self.number}"
        return f"{location}: {self.text}" if self.text else location


def calling_line() -> SourceLine:
    """The innermost line being executed outside this package and NumPy."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INSIDE):
        frame = frame.f_back
    return SourceLine(frame.f_code.co_filename, frame.f_lineno)


def line_of(t: Tensor) -> SourceLine | None:
    """The line that computed t, if that happened inside `with trace_lines()`, else None.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with trace_lines():
    ...     y = np.sin(x)
    >>> line_of(y).text, line_of(np.cos(x))
    ('y = np.sin(x)', None)
    """
    found = _lines.get(t.seq)
    return found[0] if found else None


@contextmanager
def watching(observe: Callable[[Any], None]) -> Iterator[None]:
    """Call `observe` with each Tensor that this thread records in the block."""
    thread = get_ident()

    def observe_here(t: Tensor) -> None:
        if get_ident() == thread:
            observe(t)

    observers.append(observe_here)
    try:
        yield
    finally:
        observers.remove(observe_here)


@contextmanager
def trace_lines() -> Iterator[None]:
    """Store the line that computed each Tensor recorded in the block, for `steps`, `draw` and `line_of`.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with trace_lines():
    ...     y = x * x
    >>> line_of(y).text
    'y = x * x'
    """
    with watching(_remember):
        yield


def _remember(t: Tensor) -> None:
    seq = t.seq
    _lines[seq] = calling_line(), weakref.ref(t, lambda _: _lines.pop(seq, None))
