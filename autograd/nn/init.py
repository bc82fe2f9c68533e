"""Initial weights by name, for a weight of shape (n_in, n_out): how wide the random numbers are spread."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Seed = int | np.random.Generator | None
Initializer = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]


def fan_in_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Uniform within +-1 / sqrt(n_in). LeCun et al. 1998, Efficient BackProp, sec. 4.6, in the scale of PyTorch."""
    return _uniform(rng, shape, 1 / math.sqrt(shape[0]))


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Uniform, variance 2 / (n_in + n_out). Glorot & Bengio 2010, eq. 16."""
    return _uniform(rng, shape, math.sqrt(6 / (shape[0] + shape[1])))


def glorot_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Normal, variance 2 / (n_in + n_out). Glorot & Bengio 2010, eq. 12."""
    return rng.normal(0, math.sqrt(2 / (shape[0] + shape[1])), shape)


def he_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Uniform, variance 2 / n_in, for ReLU. He et al. 2015, eq. 10, arXiv:1502.01852."""
    return _uniform(rng, shape, math.sqrt(6 / shape[0]))


def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Normal, variance 2 / n_in, for ReLU. He et al. 2015, eq. 10, arXiv:1502.01852."""
    return rng.normal(0, math.sqrt(2 / shape[0]), shape)


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], bound: float) -> NDArray[np.float64]:
    return rng.uniform(-bound, bound, shape)


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f for f in (fan_in_uniform, glorot_uniform, glorot_normal, he_uniform, he_normal)
}


def initial(name: str, shape: tuple[int, ...], rng: Seed, dtype: Any) -> NDArray[Any]:
    """Weights of the named initializer. rng: a seed or a Generator, which moves on. ValueError: unknown name."""
    if name not in INITIALIZERS:
        raise ValueError(f"init must be one of {', '.join(INITIALIZERS)}. Received: init={name!r}.")
    return INITIALIZERS[name](np.random.default_rng(rng), shape).astype(dtype)
