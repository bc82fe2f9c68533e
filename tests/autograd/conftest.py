"""The rows of scipy.special, imported before the tests take their list of rows; SciPy is optional."""

import contextlib

with contextlib.suppress(ModuleNotFoundError):
    from ravine.autograd.ops import special  # noqa: F401
