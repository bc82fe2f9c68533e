"""How commands end that can't do what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import click

from .errors import UsageError

__all__ = ["explained"]


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a user can remedy into a message: exit status 2 for a wrong request, 1 for the machine's trouble."""
    try:
        yield
    except UsageError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    except BrokenProcessPool as error:
        raise click.ClickException("A worker process was killed. The same command resumes.") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error
