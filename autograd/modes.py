"""Whether operations are recorded: one switch per thread (and per asynchronous task); and who watches recording."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])

_recording: ContextVar[bool] = ContextVar("recording", default=True)
is_recording = _recording.get


observers: list[Callable[[Any], None]] = []
"""Called with each Tensor that is recorded, right after; for tracing, and empty otherwise."""


class Mode:
    """Sets the switch in a `with` block or around each call of a decorated function; restores it, also on errors."""

    def __init__(self, recording: bool) -> None:
        self._recording = recording
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_recording.get())
        _recording.set(self._recording)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _recording.set(self._before.pop())

    def __call__(self, function: F) -> F:
        """The function with the switch set during each call. TypeError for generators and coroutines."""
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
    """Nothing is recorded: results need no gradient. `with no_grad(): ...`, `@no_grad()` or `@no_grad`."""
    return Mode(False) if function is None else Mode(False)(function)
