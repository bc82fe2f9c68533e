"""Domains, on which functions are smooth, and sample inputs, on which ops are tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .containers import leaves, transform


@dataclass(frozen=True)
class Domain:
    """The open interval (low, high) on which a function is smooth, without the points within `gap` of `hole`.

    >>> x = Domain(-1, 1, hole=0).sample(np.random.default_rng(0), (1000,))
    >>> bool(np.all((np.abs(x) >= 0.2) & (np.abs(x) < 1)))
    True
    """

    low: float
    high: float
    hole: float | None = None
    gap: float = 0.2
    kind: ClassVar[str] = ""  # what the elements are, for the table of functions; empty for real numbers

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        """Distinct random points of the interval, float64, of the given shape."""
        x = np.asarray(rng.uniform(self.low, self.high, shape))
        if self.hole is not None:
            away = np.where(x < self.hole, self.hole - self.gap, self.hole + self.gap)
            x = np.where(np.abs(x - self.hole) < self.gap, away + (x - self.hole) / 10, x)
        return x


@dataclass(frozen=True)
class DiagonallyDominant(Domain):
    """Square matrices with elements in (low, high), plus their size on the diagonal: well conditioned."""

    kind = "diagonally dominant matrices"

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        """Random invertible matrices, float64, in the last two axes."""
        return Domain.sample(self, rng, shape) + shape[-1] * np.eye(shape[-1])


@dataclass(frozen=True)
class DistinctEigenvalues(Domain):
    """Symmetric matrices near diag(1, 2, ...): positive definite, with eigenvalues far apart."""

    kind = "symmetric matrices: diag(1, 2, ...) plus elements"

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        """Random symmetric matrices, float64, in the last two axes."""
        x = Domain.sample(self, rng, shape)
        return np.asarray((x + x.swapaxes(-1, -2)) / 2 + np.diag(np.arange(1.0, shape[-1] + 1)))


@dataclass(frozen=True)
class ComplexNumbers(Domain):
    """Complex numbers with the real part in the interval and the imaginary part in (-1, 1)."""

    kind = "complex numbers with real part"

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        """Random complex numbers, complex128, of the given shape."""
        return np.asarray(Domain.sample(self, rng, shape) + 1j * rng.uniform(-1, 1, shape))


REAL = Domain(-2.0, 2.0)
ZERO = Domain(0.0, 0.0)
POSITIVE = Domain(0.2, 3.0)
NONZERO = Domain(-2.0, 2.0, hole=0.0)
UNIT = Domain(-0.9, 0.9)
ABOVE_ONE = Domain(1.2, 4.0)
ABOVE_MINUS_ONE = Domain(-0.8, 2.0)
PROBABILITY = Domain(0.05, 0.95)
INVERTIBLE = DiagonallyDominant(-1.0, 1.0)
SEPARATED = DistinctEigenvalues(-0.2, 0.2)
COMPLEX = ComplexNumbers(-2.0, 2.0)

REAL2 = (REAL, REAL)
NONZERO2 = (REAL, NONZERO)


@dataclass(frozen=True)
class RandomArray:
    """Stands for a random array of the given shape, drawn from a domain."""

    shape: tuple[int, ...]
    domain: Domain = REAL


def rand(*shape: int, domain: Domain = REAL) -> RandomArray:
    """`rand(2, 3)` stands for a random array of shape (2, 3).

    >>> rand(2, 3, domain=Domain(0, 1)).domain.sample(np.random.default_rng(0), (2, 3)).shape
    (2, 3)
    """
    return RandomArray(shape, domain)


@dataclass(frozen=True)
class SampleInput:
    """The arguments of one call of an op, with a `RandomArray` in place of every array to differentiate."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def draw(self, rng: np.random.Generator, dtype: Any = np.float64) -> list[NDArray[Any]]:
        """One array per `RandomArray`, in the order of the arguments; complex ones have the precision of dtype."""
        drawn = [x.domain.sample(rng, x.shape) for x in leaves((self.args, self.kwargs)) if isinstance(x, RandomArray)]
        return [x.astype(np.result_type(dtype, np.complex64) if x.dtype.kind == "c" else dtype) for x in drawn]

    def call(self, f: Callable[..., Any], arrays: Sequence[Any]) -> Any:
        """`f` of the arguments, with the given arrays (or Tensors) in place of each `RandomArray`."""
        left = iter(arrays)
        args, kwargs = transform(lambda x: next(left) if isinstance(x, RandomArray) else x, (self.args, self.kwargs))
        return f(*args, **kwargs)


def sample(*args: Any, **kwargs: Any) -> SampleInput:
    """`sample(rand(2, 3), axis=0)` stands for the call `f(a, axis=0)` with a random array a of shape (2, 3).

    >>> sample(rand(2, 3), axis=0).call(np.sum, [np.ones((2, 3))]).tolist()
    [2.0, 2.0, 2.0]
    """
    return SampleInput(args, kwargs)
