"""Searches: a grid, which may grow where the best setting lies at an end, or a quasi-random sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

from scipy.stats import qmc

from ..errors import UsageError
from .checks import check_integer
from .configuration import OptimizerConfig, Setting
from .space import Points, Uniform

__all__ = ["Axes", "Grid", "Halton", "Quasirandom", "Search", "Sobol"]

Axes = Mapping[str, tuple[int, int]]
"""By hyperparameter: the first and last point of its grid. Point 0 is the range's lower end; -1 lies below it."""


@dataclass(frozen=True)
class Grid:
    """All combinations of `points` values of every range.

    Where the best setting lies at an end of a range, the grid grows there by one point, up to `extend` times at an end.

    >>> from ravine.experiments.sweep import LogUniform
    >>> sgd = OptimizerConfig("sgd", "sgd", {"lr": LogUniform(0.01, 1.0)})
    >>> Grid(points=3).settings(sgd, {"lr": (0, 2)})
    [(('lr', 0.01),), (('lr', 0.1),), (('lr', 1.0),)]
    >>> Grid(points=3, extend=1).grown(sgd, {"lr": (0, 2)}, (("lr", 1.0),), steps=100)  # 1.0 wins: 10.0 is tried
    {'lr': (0, 3)}
    """

    points: int = 7
    extend: int = 0

    def __post_init__(self) -> None:
        check_integer("tuning.points", self.points, 2)
        check_integer("tuning.extend", self.extend, 0)

    @property
    def budgets(self) -> tuple[None]:
        """The one budget: the whole grid."""
        return (None,)

    def axes(self, config: OptimizerConfig) -> dict[str, tuple[int, int]]:
        """Return the axes before the grid has grown."""
        ranges = {name: space for name, space in config.searched.items() if isinstance(space, Uniform)}
        return {name: (0, space.spaces(self.points)) for name, space in ranges.items()}

    def settings(self, config: OptimizerConfig, axes: Axes) -> list[Setting]:
        """Return every combination."""
        columns = [[(name, value) for value in self._values(config, name, axes)] for name in config.searched]
        return list(product(*columns))

    def _values(self, config: OptimizerConfig, name: str, axes: Axes) -> list[Any]:
        space = config.searched[name]
        inner = space.grid(self.points)
        if not isinstance(space, Uniform):
            return inner
        first, last = axes[name]
        return [inner[i] if 0 <= i < len(inner) else space.beyond(self.points, i) for i in range(first, last + 1)]

    def edges(self, config: OptimizerConfig, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return "low" or "high" for each hyperparameter whose value is at that end of the points tried."""
        found = {}
        for name, space in config.searched.items():
            values, value = self._values(config, name, axes), dict(setting)[name]
            if isinstance(space, Uniform | Points) and len(values) > 1 and value in (values[0], values[-1]):
                found[name] = "low" if value == values[0] else "high"
        return found

    def grown(self, config: OptimizerConfig, axes: Axes, setting: Setting, steps: int) -> dict[str, tuple[int, int]]:
        """Return the axes, with one more point at each end where the best setting lies and the grid may grow."""
        axes = dict(axes)
        for name, end in self.edges(config, axes, setting).items():
            if name not in axes:  # points written out don't grow
                continue
            first, last = axes[name]
            wider = (first - 1, last) if end == "low" else (first, last + 1)
            _, top = self.axes(config)[name]
            if wider[0] < -self.extend or wider[1] > top + self.extend:
                continue
            tip = self._values(config, name, {**axes, name: wider})[0 if end == "low" else -1]
            try:
                config.build(tuple({**dict(setting), name: tip}.items()), steps)
            except UsageError:  # outside the hyperparameter's domain: the grid ends here
                continue
            axes[name] = wider
        return axes


@dataclass(frozen=True)
class Quasirandom:
    """The first points of a low-discrepancy sequence, scrambled with a seed.

    The largest budget is run. A smaller budget is the beginning of the same sequence, with its own best setting.
    """

    budgets: tuple[int, ...] = (25,)
    seed: int = 0
    engine: ClassVar[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "budgets", tuple(self.budgets))
        check_integer("tuning.seed", self.seed, 0)
        for budget in self.budgets:
            check_integer("tuning.budgets", budget, 1)
        if not self.budgets or list(self.budgets) != sorted(set(self.budgets)):
            raise UsageError(f"tuning.budgets must increase, at least one. Received: {list(self.budgets)}.")

    def axes(self, config: OptimizerConfig) -> dict[str, tuple[int, int]]:
        """Return an empty dict: a sequence has no axes."""
        return {}

    def settings(self, config: OptimizerConfig, axes: Axes) -> list[Setting]:
        """Return the settings in the order of the sequence; one empty setting if nothing is searched."""
        spaces = config.searched
        if not spaces:
            return [()]
        bits = (self.budgets[-1] - 1).bit_length()
        engine = self.engine(len(spaces), scramble=True, rng=self.seed)
        points = engine.random(1 << bits)[: self.budgets[-1]]  # Sobol's sequence is balanced at powers of 2
        return [
            tuple((name, space.at(u)) for (name, space), u in zip(spaces.items(), point, strict=True))
            for point in points.tolist()
        ]

    def edges(self, config: OptimizerConfig, axes: Axes, setting: Setting) -> dict[str, str]:
        """Return "low" or "high" for each range where the setting lies within 1/(n + 1) of an end, for n settings."""
        margin = 1 / (self.budgets[-1] + 1)
        found = {}
        for name, space in config.searched.items():
            if isinstance(space, Uniform) and self.budgets[-1] > 1:
                if dict(setting)[name] <= space.between(margin):
                    found[name] = "low"
                elif dict(setting)[name] >= space.between(1 - margin):
                    found[name] = "high"
        return found

    def grown(self, config: OptimizerConfig, axes: Axes, setting: Setting, steps: int) -> dict[str, tuple[int, int]]:
        """Return the axes unchanged: a sequence doesn't leave its ranges."""
        return dict(axes)


@dataclass(frozen=True)
class Halton(Quasirandom):
    """Halton 1960, with random permutations of the digits: Owen 2017, arXiv:1706.02808.

    >>> sgd = OptimizerConfig("sgd", "sgd", {"lr": Uniform(0.0, 1.0)})
    >>> settings = Halton((3, 9)).settings(sgd, {})
    >>> len(settings), settings[:3] == Halton((3,)).settings(sgd, {})
    (9, True)
    """

    engine: ClassVar[Any] = qmc.Halton


@dataclass(frozen=True)
class Sobol(Quasirandom):
    """Sobol' 1967, with Matousek's 1998 linear scramble and a random shift.

    >>> sgd = OptimizerConfig("sgd", "sgd", {"lr": Uniform(0.0, 1.0)})
    >>> sorted(int(4 * dict(setting)["lr"]) for setting in Sobol((4,)).settings(sgd, {}))  # one in each quarter
    [0, 1, 2, 3]
    """

    engine: ClassVar[Any] = qmc.Sobol


Search = Grid | Quasirandom
