"""Initializers: functions that draw the initial weights of a layer. Layers take them by name or as functions.

Many scale the weights by n_in, the number of inputs that an output is a sum of, and n_out, the number of outputs that
an input contributes to ("fan-in" and "fan-out"). The weight of a linear layer has the shape (n_in, n_out). The weight
of a convolution has the shape (filters, channels, height, width): there, n_in = channels * height * width and
n_out = filters * height * width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tensor import Parameter

Shape = tuple[int, ...]
Array = NDArray[np.float64]
Seed = int | np.random.Generator | None
Initializer = Callable[[np.random.Generator, Shape], Array]


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out (n_in, n_out) of a weight. Raises a ValueError if it has fewer than two axes.

    >>> fans((3, 2)), fans((8, 3, 5, 5))
    ((3, 2), (75, 200))
    """
    if len(shape) < 2:
        raise ValueError(f"init: n_in and n_out need a weight with at least 2 axes. Received: shape {shape}.")
    if len(shape) == 2:
        return shape[0], shape[1]
    return math.prod(shape[1:]), shape[0] * math.prod(shape[2:])


# Initializers with a given distribution


def constant(value: float) -> Initializer:
    """An initializer that sets every element to a value.

    >>> constant(0.1)(np.random.default_rng(0), (3,)).tolist()
    [0.1, 0.1, 0.1]
    """
    return lambda rng, shape: np.full(shape, float(value))


def normal(mean: float = 0.0, std: float = 1.0) -> Initializer:
    """An initializer that draws from a normal distribution. The name "normal" stands for mean 0 and deviation 1.

    >>> float(normal(std=0.1)(np.random.default_rng(0), (100, 100)).std().round(2))
    0.1
    """
    return lambda rng, shape: rng.normal(mean, std, shape)


def uniform(low: float = 0.0, high: float = 1.0) -> Initializer:
    """An initializer that draws uniformly from [low, high). The name "uniform" stands for [0, 1).

    >>> w = uniform(-0.1, 0.1)(np.random.default_rng(0), (100, 100))
    >>> float(w.min().round(2)), float(w.max().round(2))
    (-0.1, 0.1)
    """
    return lambda rng, shape: rng.uniform(low, high, shape)


def trunc_normal(mean: float = 0.0, std: float = 1.0, low: float = -2.0, high: float = 2.0) -> Initializer:
    """An initializer that draws from a normal distribution truncated to [low, high].

    Values outside are drawn again. The name "trunc_normal" stands for the default arguments.

    Raises:
        ValueError: less than 0.1 % of the distribution lies in [low, high].

    >>> float(np.abs(trunc_normal()(np.random.default_rng(0), (100, 100))).max().round(1))
    2.0
    """
    left, right = ((1 + math.erf((x - mean) / (std * math.sqrt(2)))) / 2 for x in (low, high))
    if not right - left > 1e-3:
        raise ValueError(
            f"trunc_normal: [low, high] must contain 0.1 % of the distribution. Received: low={low}, high={high}, "
            f"mean={mean}, std={std}."
        )

    def draw(rng: np.random.Generator, shape: Shape) -> Array:
        x = np.asarray(rng.normal(mean, std, shape))
        while (outside := (x < low) | (x > high)).any():
            x[outside] = rng.normal(mean, std, int(outside.sum()))
        return x

    return draw


# Initializers whose variance follows from the shape


def fan_in_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Uniform within +-1 / sqrt(n_in). LeCun et al. 1998, Efficient BackProp, sec. 4.6, with the scale of PyTorch.

    >>> float(fan_in_uniform(np.random.default_rng(0), (100, 50)).max().round(2))
    0.1
    """
    return _uniform_within(rng, shape, 1 / math.sqrt(fans(shape)[0]))


def lecun_normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Normal, variance 1 / n_in. LeCun et al. 1998, Efficient BackProp, sec. 4.6.

    >>> float(lecun_normal(np.random.default_rng(0), (100, 50)).std().round(2))
    0.1
    """
    return rng.normal(0, math.sqrt(1 / fans(shape)[0]), shape)


def glorot_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Uniform, variance 2 / (n_in + n_out). Glorot & Bengio 2010, eq. 16.

    >>> float(glorot_uniform(np.random.default_rng(0), (150, 50)).std().round(2))
    0.1
    """
    return _uniform_within(rng, shape, math.sqrt(6 / sum(fans(shape))))


def glorot_normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Normal, variance 2 / (n_in + n_out). Glorot & Bengio 2010, eq. 12.

    >>> float(glorot_normal(np.random.default_rng(0), (150, 50)).std().round(2))
    0.1
    """
    return rng.normal(0, math.sqrt(2 / sum(fans(shape))), shape)


def he_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Uniform, variance 2 / n_in, for ReLU. He et al. 2015, eq. 10, arXiv:1502.01852.

    >>> float(he_uniform(np.random.default_rng(0), (200, 50)).std().round(2))
    0.1
    """
    return _uniform_within(rng, shape, math.sqrt(6 / fans(shape)[0]))


def he_normal(rng: np.random.Generator, shape: Shape) -> Array:
    """Normal, variance 2 / n_in, for ReLU. He et al. 2015, eq. 10, arXiv:1502.01852.

    >>> float(he_normal(np.random.default_rng(0), (200, 50)).std().round(2))
    0.1
    """
    return rng.normal(0, math.sqrt(2 / fans(shape)[0]), shape)


def orthogonal(rng: np.random.Generator, shape: Shape) -> Array:
    """A random matrix with orthonormal rows or columns, whichever are fewer. Saxe et al. 2014, arXiv:1312.6120.

    The kernels of a convolution are treated as a matrix with one row per filter. The matrix comes from the QR
    decomposition of a normal matrix, with signs such that it is uniformly distributed (Mezzadri 2007,
    arXiv:math-ph/0609050).

    >>> w = orthogonal(np.random.default_rng(0), (2, 3))
    >>> np.allclose(w @ w.T, np.eye(2))
    True
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))
    return (q if rows >= columns else q.T).reshape(shape)


def _uniform_within(rng: np.random.Generator, shape: Shape, bound: float) -> Array:
    return rng.uniform(-bound, bound, shape)


INITIALIZERS: dict[str, Initializer] = {
    "zeros": constant(0),
    "ones": constant(1),
    "normal": normal(),
    "uniform": uniform(),
    "trunc_normal": trunc_normal(),
    **{
        f.__name__: f
        for f in (
            fan_in_uniform,
            lecun_normal,
            glorot_uniform,
            glorot_normal,
            he_uniform,
            he_normal,
            orthogonal,
        )
    },
}


def draw_values(init: str | Initializer, shape: Shape, rng: Seed, dtype: Any) -> NDArray[Any]:
    """Draw the initial values of a weight or bias.

    Args:
        init: name of an initializer, or a function (rng, shape) -> array.
        shape: shape of the weight.
        rng: seed or Generator.
        dtype: float32 or float64.

    Raises:
        ValueError: an unknown name.
        TypeError: another dtype.

    >>> draw_values("ones", (2, 3), rng=0, dtype=np.float32)
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise TypeError(f"dtype must be float32 or float64. Received: {np.dtype(dtype)}.")
    if isinstance(init, str) and init not in INITIALIZERS:
        raise ValueError(
            f"init must be one of {', '.join(INITIALIZERS)}, or a function (rng, shape) such as "
            f"nn.init.constant(0.1). Received: init={init!r}."
        )
    draw = INITIALIZERS[init] if isinstance(init, str) else init
    return np.asarray(draw(np.random.default_rng(rng), shape)).astype(dtype)


def weight_and_bias(
    init: str | Initializer, shape: Shape, n_out: int, bias: bool, rng: Seed, dtype: Any
) -> tuple[Parameter, Parameter | None]:
    """The parameters of a linear or convolutional layer. The bias has shape (n_out,), or is None without `bias`.

    With the initializer "fan_in_uniform" the bias is uniform within +-1 / sqrt(n_in), as in PyTorch, otherwise 0.
    """
    rng = np.random.default_rng(rng)
    weight = Parameter(draw_values(init, shape, rng, dtype), name="weight")
    if not bias:
        return weight, None
    bound = 1 / math.sqrt(fans(shape)[0])
    draw = uniform(-bound, bound) if init == "fan_in_uniform" else constant(0)
    return weight, Parameter(draw_values(draw, (n_out,), rng, dtype), name="bias")


def check_sizes(layer: str, **sizes: int) -> None:
    """Raise a ValueError unless all sizes of a layer are at least 1."""
    if min(sizes.values()) < 1:
        received = ", ".join(f"{name}={value}" for name, value in sizes.items())
        raise ValueError(f"{layer}: {' and '.join(sizes)} must be at least 1. Received: {received}.")
