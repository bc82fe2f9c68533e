"""Functions of two variables with known minima, written in NumPy; float64. They are sorted from simple to complex."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from ...autograd import Parameter, Tensor
from .base import Problem, Score, Stream, generator

STEPS_PER_EPOCH = 100
JITTER = 0.1  # standard deviation of the noise that the seed adds to each coordinate of the start


class Point:
    """A model with one parameter, a point of the plane: float64, shape (2,)."""

    def __init__(self, place: Any) -> None:
        self.place = Parameter(np.asarray(place, dtype=np.float64), name="place")

    def parameters(self) -> list[Parameter]:
        """Return the point."""
        return [self.place]


class Function(Problem, abstract=True):
    """Minimize f(x, y) from `start`, to which the seed adds a little noise. There are no data: all splits are alike.

    >>> from ravine.experiments.problems.bivariate import Booth
    >>> booth = Booth()
    >>> booth.f(1.0, 3.0), booth.f(*booth.start)
    (0.0, 884.0)
    """

    metric = "f - f*"
    higher_is_better = False
    held_out = False
    target = 1e-6
    epochs = 20
    start: ClassVar[tuple[float, float]]
    minima: ClassVar[tuple[tuple[float, float], ...]]  # the global ones, or those of them near the start
    least: ClassVar[float] = 0.0  # f at the minima

    @staticmethod
    @abstractmethod
    def f(x: Any, y: Any) -> Any:
        """Return the value, elementwise, for numbers, arrays or Tensors."""

    def model(self, seed: int) -> Point:
        """Return the start plus noise of standard deviation JITTER."""
        return Point(self.start + JITTER * generator(seed, Stream.INITIAL).standard_normal(2))

    def batches(self, seed: int, epoch: int) -> Iterator[None]:
        """Yield None STEPS_PER_EPOCH times."""
        return iter([None] * STEPS_PER_EPOCH)

    def loss(self, model: Point, batch: None) -> Tensor:
        """Return f at the point."""
        value: Tensor = self.f(model.place[0], model.place[1])
        return value

    def score(self, model: Point, split: str) -> Score:
        """Return f, and its difference from the least value."""
        value = float(self.f(*model.place.data))
        return Score(loss=value, metric=value - self.least)


class Quadratic(Function):
    """An ill-conditioned bowl: curvatures 1 and 100 along axes rotated by 30 degrees."""

    start = (4.0, 1.0)
    minima = ((0.0, 0.0),)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        cosine, sine = np.sqrt(3) / 2, 1 / 2
        u, v = cosine * x + sine * y, cosine * y - sine * x
        return (u**2 + 100 * v**2) / 2


class Booth(Function):
    """A bowl with condition number 9."""

    start = (-5.0, -5.0)
    minima = ((1.0, 3.0),)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


class Matyas(Function):
    """A flat bowl with condition number 25."""

    start = (8.0, -6.0)
    minima = ((0.0, 0.0),)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return 0.26 * (x**2 + y**2) - 0.48 * x * y


class Himmelblau(Function):
    """Four equal minima around one hill. Himmelblau 1972."""

    start = (-1.0, -1.0)
    minima = (
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.283185991286170),
        (3.584428340330492, -1.848126526964404),
    )

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


class Rosenbrock(Function):
    """A narrow curved valley, condition number 2508 at its minimum. Rosenbrock 1960."""

    start = (-1.2, 1.0)
    minima = ((1.0, 1.0),)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2


class Beale(Function):
    """Steep walls around a flat valley. Beale 1958."""

    start = (1.0, 1.5)
    minima = ((3.0, 0.5),)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


class Branin(Function):
    """A parabola across a cosine: equal minima, repeated along x. Branin 1972."""

    start = (2.5, 12.5)
    minima = ((-np.pi, 12.275), (np.pi, 2.275), (3 * np.pi, 2.475))
    least = 10 / (8 * np.pi)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return (y - 5.1 * x**2 / (4 * np.pi**2) + 5 * x / np.pi - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10


class Rastrigin(Function):
    """A bowl under a regular grid of local minima, only one of them global. Rastrigin 1974."""

    start = (-2.0, 3.5)
    minima = ((0.0, 0.0),)

    @staticmethod
    def f(x: Any, y: Any) -> Any:  # noqa: D102
        return 20 + x**2 + y**2 - 10 * np.cos(2 * np.pi * x) - 10 * np.cos(2 * np.pi * y)
