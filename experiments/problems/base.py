"""What a problem is: parameters from a seed, batches from a seed and an epoch, a loss, and a score on each split."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeVar, dataclass_transform

import numpy as np

from ...autograd import Parameter, Tensor


class Stream(IntEnum):
    """Separate streams of random numbers, so that what one consumes never moves another.

    >>> [stream.name.lower() for stream in Stream]
    ['initial', 'order', 'noise', 'split']
    """

    INITIAL = 0
    ORDER = 1
    NOISE = 2
    SPLIT = 3


def generator(seed: int, stream: Stream, epoch: int = 0) -> np.random.Generator:
    """Return the generator of one purpose, in one epoch, of one seed.

    >>> [generator(0, Stream.ORDER, epoch).permutation(5).tolist() for epoch in (0, 1)]
    [[1, 4, 3, 0, 2], [0, 4, 3, 1, 2]]
    """
    return np.random.default_rng([seed, stream, epoch])


class Model(Protocol):
    """Anything that hands over its parameters.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> [p.shape for p in PROBLEMS["iris"]().model(seed=0).parameters()]
    [(4, 16), (16,), (16, 3), (3,)]
    """

    def parameters(self) -> list[Parameter]:
        """Return what the optimizer moves."""


class Score(NamedTuple):
    """The loss and the metric of one split.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> booth = PROBLEMS["booth"]()
    >>> score = booth.score(booth.model(seed=0), "test")
    >>> score._fields, score.metric == score.loss - booth.least
    (('loss', 'metric'), True)
    """

    loss: float
    metric: float


class Problem(ABC):
    """A frozen value. All that is random comes from the seed: every optimizer meets the same start and batches.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> iris = PROBLEMS["iris"](hidden=(8,))
    >>> model, batch = iris.model(seed=0), next(iris.batches(seed=0, epoch=0))
    >>> iris.loss(model, batch).shape, iris.score(model, "validation").metric < iris.target
    ((), True)
    """

    metric: ClassVar[str]
    higher_is_better: ClassVar[bool]
    held_out: ClassVar[bool]  # whether the splits hold different data
    target: ClassVar[float]  # a metric on the validation split worth reaching
    epochs: ClassVar[int]  # what `compare` runs unless told otherwise

    def resplit(self, seed: int) -> Self:
        """Return this problem on another split of its data, number 1, 2, ...; without data, itself."""
        return self

    @abstractmethod
    def model(self, seed: int) -> Any:
        """Return a Model with the initial parameters of this seed."""

    def reseed(self, model: Any, seed: int, epoch: int) -> None:  # noqa: B027
        """Seed what the model draws in this epoch of training, such as dropout; nothing, if it draws nothing."""

    @abstractmethod
    def batches(self, seed: int, epoch: int) -> Iterator[Any]:
        """Yield the batches of one epoch (0, 1, ...), in the order of this seed."""

    @abstractmethod
    def loss(self, model: Any, batch: Any) -> Tensor:
        """Return the scalar to differentiate."""

    @abstractmethod
    def score(self, model: Any, split: str) -> Score:
        """Return loss and metric on "train", "validation" or "test"; the model is left as it was."""


PROBLEMS: dict[str, type[Problem]] = {}

P = TypeVar("P", bound=Problem)


@dataclass_transform(frozen_default=True)
def problem(cls: type[P]) -> type[P]:
    """Make the class a frozen dataclass and register it: BreastCancer as "breast_cancer".

    >>> from ravine.experiments.problems import Function
    >>> @problem
    ... class DoubleWell(Function):
    ...     start, minima = (0.1, 1.0), ((-1.0, 0.0), (1.0, 0.0))
    ...
    ...     @staticmethod
    ...     def f(x, y):
    ...         return (x**2 - 1) ** 2 + y**2
    >>> PROBLEMS.pop("double_well")()  # or keep it, and say: ravine.experiments.compare("double_well")
    DoubleWell()
    """
    cls = dataclass(frozen=True)(cls)
    PROBLEMS[problem_name(cls)] = cls
    return cls


def problem_name(cls: type[Problem]) -> str:
    """Return the name that the command line knows the class by.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> problem_name(PROBLEMS["breast_cancer"])
    'breast_cancer'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
