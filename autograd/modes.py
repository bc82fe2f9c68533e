"""Whether operations are recorded (see `no_grad`), per thread and asynchronous task; and observers of new Tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])

observers: list[Callable[[Any], None]] = []
"""Functions that are called with each Tensor right after it is recorded, for tracing.

While recording is off in any thread, `_paused` is in the list. So an operation that finds the list empty can record at
once: only otherwise it has to ask `is_recording`.
"""


def _paused(t: Any) -> None:
    """An observer that does nothing, see `observers`."""


class _Pause:
    """While an instance lives, recording is off somewhere: in a `no_grad` block, or in a task that began in one."""

    def __init__(self) -> None:
        observers.append(_paused)

    def __del__(self, leave: Callable[[Any], None] = observers.remove, observer: Any = _paused) -> None:
        leave(observer)


_pause: ContextVar[_Pause | None] = ContextVar("pause", default=None)


def is_recording() -> bool:
    """Whether operations are recorded here."""
    return _pause.get() is None


class Mode:
    """Turns recording on or off, in a `with` block or in each call of a decorated function; restored even on errors."""

    def __init__(self, recording: bool) -> None:
        self._recording = recording
        self._before: list[_Pause | None] = []

    def __enter__(self) -> None:
        self._before.append(_pause.get())
        _pause.set(None if self._recording else _Pause())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _pause.set(self._before.pop())

    def __call__(self, function: F) -> F:
        """The function, during whose calls recording is on or off. TypeError: for generators and coroutines."""
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise TypeError(
                f"no_grad: cannot decorate {function.__name__}, a generator or coroutine: it runs after the call. "
                "Write `with no_grad():` inside it, around code without yield or await."
            )
        recording = self._recording

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with Mode(recording):
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


@overload
def no_grad(function: None = None) -> Mode: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: Any = None) -> Any:
    """Turns recording off: results need no gradient. `with no_grad(): ...`, `@no_grad()` or `@no_grad`.

    >>> from ravine.autograd import Tensor
    >>> x = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad, (x * x).requires_grad
    (False, True)
    """
    return Mode(False) if function is None else Mode(False)(function)
