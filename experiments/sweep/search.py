"""Which settings are tried: a grid, which may grow where its edge wins, or a quasi-random sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

from scipy.stats import qmc

from ..errors import UsageError
from .contender import Contender, Setting
from .space import Uniform

__all__ = ["Axes", "Grid", "Halton", "Quasirandom", "Search", "Sobol"]

Axes = Mapping[str, tuple[int, int]]
"""By range: the first and last point of the grid; 0 is the range's lower end, negative numbers lie below it."""


def whole(name: str, value: object, least: int) -> None:
    """Raise UsageError unless the value is a whole number, at least so great."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"tuning.{name} must be a whole number >= {least}. Received: {value!r}.")


@dataclass(frozen=True)
class Grid:
    """All combinations of `points` values of every range.

    Where the best setting lies at an end of a range, the grid grows there by one point, up to `extend` times at an end.

    >>> from ravine.experiments.sweep import LogUniform
    >>> sgd = Contender("sgd", "sgd", {"lr": LogUniform(0.01, 1.0)})
    >>> Grid(points=3).settings(sgd, {"lr": (0, 2)})
    [(('lr', 0.01),), (('lr', 0.1),), (('lr', 1.0),)]
    >>> Grid(points=3, extend=1).grown(sgd, {"lr": (0, 2)}, (("lr", 1.0),), steps=100)  # 1.0 wins: 10.0 is tried
    {'lr': (0, 3)}
    """

    points: int = 7
    extend: int = 0

    def __post_init__(self) -> None:
        whole("points", self.points, 2)
        whole("extend", self.extend, 0)

    @property
    def budgets(self) -> tuple[None]:
        """All of a grid is one budget."""
        return (None,)

    def axes(self, contender: Contender) -> dict[str, tuple[int, int]]:
        """Return where the grid begins."""
        ranges = {name: space for name, space in contender.searched.items() if isinstance(space, Uniform)}
        return {name: (0, space.spaces(self.points)) for name, space in ranges.items()}

    def settings(self, contender: Contender, axes: Axes) -> list[Setting]:
        """Return every combination."""
        columns = [[(name, value) for value in self._values(contender, name, axes)] for name in contender.searched]
        return list(product(*columns))

    def _values(self, contender: Contender, name: str, axes: Axes) -> list[Any]:
        space = contender.searched[name]
        inner = space.grid(self.points)
        if not isinstance(space, Uniform):
            return inner
        first, last = axes[name]
        points = range(first, last + 1)
        return [inner[i] if 0 <= i < len(inner) else space.beyond(self.points, i) for i in points]

    def edges(self, contender: Contender, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return the ranges at whose "low" or "high" end a setting lies."""
        found = {}
        for name in axes:
            values = self._values(contender, name, axes)
            if dict(setting)[name] in (values[0], values[-1]):
                found[name] = "low" if dict(setting)[name] == values[0] else "high"
        return found

    def grown(self, contender: Contender, axes: Axes, setting: Setting, steps: int) -> dict[str, tuple[int, int]]:
        """Return the axes that the best setting asks for: themselves, if it lies inside or the grid may not grow."""
        axes = dict(axes)
        for name, end in self.edges(contender, axes, setting).items():
            first, last = axes[name]
            wider = (first - 1, last) if end == "low" else (first, last + 1)
            _, top = self.axes(contender)[name]
            if wider[0] < -self.extend or wider[1] > top + self.extend:
                continue
            tip = self._values(contender, name, {**axes, name: wider})[0 if end == "low" else -1]
            try:
                contender.build(tuple({**dict(setting), name: tip}.items()), steps)
            except UsageError:  # outside the hyperparameter's domain: this end is a real one
                continue
            axes[name] = wider
        return axes


@dataclass(frozen=True)
class Quasirandom:
    """The first points of a low-discrepancy sequence, scrambled with a seed.

    The greatest of the budgets is run; the others are its beginnings, and each has its own best setting.
    """

    budgets: tuple[int, ...] = (25,)
    seed: int = 0
    engine: ClassVar[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "budgets", tuple(self.budgets))
        whole("seed", self.seed, 0)
        for budget in self.budgets:
            whole("budgets", budget, 1)
        if not self.budgets or list(self.budgets) != sorted(set(self.budgets)):
            raise UsageError(f"tuning.budgets must increase, at least one. Received: {list(self.budgets)}.")

    def axes(self, contender: Contender) -> dict[str, tuple[int, int]]:
        """Return nothing: a sequence has no axes."""
        return {}

    def settings(self, contender: Contender, axes: Axes) -> list[Setting]:
        """Return the settings in the order of the sequence; one, if nothing is searched."""
        spaces = contender.searched
        if not spaces:
            return [()]
        bits = (self.budgets[-1] - 1).bit_length()
        engine = self.engine(len(spaces), scramble=True, rng=self.seed)
        points = engine.random(1 << bits)[: self.budgets[-1]]  # a power of 2, which Sobol's sequence is balanced at
        return [
            tuple((name, space.at(u)) for (name, space), u in zip(spaces.items(), point, strict=True))
            for point in points.tolist()
        ]

    def edges(self, contender: Contender, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return the ranges at whose "low" or "high" end, an interval that few settings lie in, this one lies."""
        margin = 1 / (self.budgets[-1] + 1)
        found = {}
        for name, space in contender.searched.items():
            if isinstance(space, Uniform) and self.budgets[-1] > 1:
                if dict(setting)[name] <= space.between(margin):
                    found[name] = "low"
                elif dict(setting)[name] >= space.between(1 - margin):
                    found[name] = "high"
        return found

    def grown(self, contender: Contender, axes: Axes, setting: Setting, steps: int) -> dict[str, tuple[int, int]]:
        """Return the axes: a sequence fills its ranges and no more."""
        return dict(axes)


@dataclass(frozen=True)
class Halton(Quasirandom):
    """Halton 1960, with random permutations of the digits: Owen 2017, arXiv:1706.02808.

    >>> sgd = Contender("sgd", "sgd", {"lr": Uniform(0.0, 1.0)})
    >>> settings = Halton((3, 9)).settings(sgd, {})
    >>> len(settings), settings[:3] == Halton((3,)).settings(sgd, {})
    (9, True)
    """

    engine: ClassVar[Any] = qmc.Halton


@dataclass(frozen=True)
class Sobol(Quasirandom):
    """Sobol' 1967, with Matousek's 1998 linear scramble and a random shift.

    >>> sgd = Contender("sgd", "sgd", {"lr": Uniform(0.0, 1.0)})
    >>> sorted(int(4 * dict(setting)["lr"]) for setting in Sobol((4,)).settings(sgd, {}))  # one in each quarter
    [0, 1, 2, 3]
    """

    engine: ClassVar[Any] = qmc.Sobol


Search = Grid | Quasirandom
