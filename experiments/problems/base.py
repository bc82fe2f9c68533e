"""The base class of problems: a model, batches, a loss, and a score on each split, all determined by seeds."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from ...autograd import Parameter, Tensor
from ...schedules.record import Record


class Stream(IntEnum):
    """Separate streams of random numbers, so that the numbers drawn from one never change another.

    >>> [stream.name.lower() for stream in Stream]
    ['initial', 'order', 'noise', 'split']
    """

    INITIAL = 0
    ORDER = 1
    NOISE = 2
    SPLIT = 3


def generator(seed: int, stream: Stream, epoch: int = 0) -> np.random.Generator:
    """Return the generator of a stream, for one seed and one epoch.

    >>> [generator(0, Stream.ORDER, epoch).permutation(5).tolist() for epoch in (0, 1)]
    [[1, 4, 3, 0, 2], [0, 4, 3, 1, 2]]
    """
    return np.random.default_rng([seed, stream, epoch])


class Model(Protocol):
    """The model of a problem: any object with the method `parameters()`.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> [p.shape for p in PROBLEMS["iris"]().model(seed=0).parameters()]
    [(4, 16), (16,), (16, 3), (3,)]
    """

    def parameters(self) -> list[Parameter]:
        """Return the parameters that the optimizer updates."""


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


class Problem(Record, ABC, kw_only=True):
    """A task for optimizers: a model, its data, its loss and its scores. Seeds determine everything that is random.

    Problems are frozen, and their fields are checked. A subclass is registered under its name: `compare` and the
    command line know BreastCancer as "breast_cancer". A base class of problems is declared with `abstract=True`.

    Raises:
        TypeError, ValueError: a field has a value that its annotation does not allow.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> iris = PROBLEMS["iris"](hidden=(8,))
    >>> model, batch = iris.model(seed=0), next(iris.batches(seed=0, epoch=0))
    >>> iris.loss(model, batch).shape, iris.score(model, "validation").metric < iris.target
    ((), True)
    >>> iris
    Iris(hidden=(8,))
    >>> from ravine.experiments.problems import Function
    >>> class DoubleWell(Function):
    ...     start, minima = (0.1, 1.0), ((-1.0, 0.0), (1.0, 0.0))
    ...
    ...     @staticmethod
    ...     def f(x, y):
    ...         return (x**2 - 1) ** 2 + y**2
    >>> PROBLEMS.pop("double_well")()  # or keep it, and call ravine.experiments.compare("double_well")
    DoubleWell()
    """

    registry: ClassVar[dict[str, type[Any]]] = {}
    metric: ClassVar[str]
    higher_is_better: ClassVar[bool]
    held_out: ClassVar[bool]  # whether the splits hold different data
    target: ClassVar[float]  # the metric on the validation split that runs should reach
    epochs: ClassVar[int]  # the default length of a run in `compare`

    @staticmethod
    def _registry_key(name: str) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

    def resplit(self, seed: int) -> Self:
        """Return this problem on another split of its data, number 1, 2, ...; a problem without data returns itself."""
        return self

    @abstractmethod
    def model(self, seed: int) -> Any:
        """Return a Model with the initial parameters of this seed."""

    def reseed(self, model: Any, seed: int, epoch: int) -> None:
        """Seed the random numbers that the model draws in this epoch of training, such as dropout masks."""

    @abstractmethod
    def batches(self, seed: int, epoch: int) -> Iterator[Any]:
        """Yield the batches of one epoch (0, 1, ...), in the order of this seed."""

    @abstractmethod
    def loss(self, model: Any, batch: Any) -> Tensor:
        """Return the loss, a Tensor with one element."""

    @abstractmethod
    def score(self, model: Any, split: str) -> Score:
        """Return loss and metric on "train", "validation" or "test"; the model does not change."""


PROBLEMS: dict[str, type[Problem]] = Problem.registry
"""The problems by name, in order of definition."""


def problem_name(cls: type[Problem]) -> str:
    """Return the name of a class in the registry.

    >>> from ravine.experiments.problems import PROBLEMS
    >>> problem_name(PROBLEMS["breast_cancer"])
    'breast_cancer'
    """
    return cls._registry_key(cls.__name__)
